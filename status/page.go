package status

import (
	_ "embed"
	"html/template"
	"io"
	"time"

	"jpm/pool"
)

//go:embed page.html
var pageSource string

// pageTemplate escapes all it is given: names, settings and reasons come from configuration and kernel.
var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"age":        func(now, then time.Time) string { return age(now.Sub(then)) },
	"stamp":      func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"recycled":   recycled,
	"incidents":  func(s pageData, pool string) uint64 { return s.Incidents[pool].total() },
	"turnedAway": turnedAway,
	"reasons":    pool.Reasons,
}).Parse(pageSource))

// pageData is what the template sees.
type pageData struct {
	Snapshot
	Now time.Time
}

// renderPage writes the page for people.
func renderPage(w io.Writer, s Snapshot) error {
	return pageTemplate.Execute(w, pageData{s, time.Now()})
}
