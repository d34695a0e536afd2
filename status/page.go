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
	"age":           func(now, then time.Time) string { return age(now.Sub(then)) },
	"stamp":         func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"recycled":      recycled,
	"incidents":     func(s pageData, pool string) uint64 { return s.Incidents[pool].total() },
	"lastIncidents": lastIncidents,
	"turnedAway":    turnedAway,
	"reasons":       pool.Reasons,
}).Parse(pageSource))

// pageData is what the template sees.
type pageData struct {
	Snapshot
	Now time.Time
}

// openIncidents is how many of a pool's incidents are seen at once; the rest is behind a click.
const openIncidents = 10

// pageIncidents are the incidents of a pool, the newest first.
type pageIncidents struct {
	Newest, Older []pageIncident
}

// pageIncident is an incident with what the page says of it in its own words.
type pageIncident struct {
	Incident
	// Age is how long ago it was; What is the system call as it would be written, "" if it was none.
	Age, What string
}

// lastIncidents is nil for a pool without incidents.
func lastIncidents(d pageData, pool string) *pageIncidents {
	last := d.Incidents[pool].Last
	if len(last) == 0 {
		return nil
	}
	all := make([]pageIncident, len(last))
	for i, in := range last {
		all[i] = pageIncident{Incident: in, Age: age(d.Now.Sub(in.Time))}
		if in.Syscall != "" {
			all[i].What = in.Syscall + "(" + in.Arguments + ")"
			if in.Errno != "" {
				all[i].What += " = " + in.Errno
			}
		}
	}
	n := min(openIncidents, len(all))
	return &pageIncidents{Newest: all[:n], Older: all[n:]}
}

// renderPage writes the page for people.
func renderPage(w io.Writer, s Snapshot) error {
	return pageTemplate.Execute(w, pageData{s, time.Now()})
}
