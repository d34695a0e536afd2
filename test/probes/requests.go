package probes

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// deed asks deeds.php for something; more are names and values of its query.
func (h *home) deed(do string, more ...string) (answer, error) {
	query := url.Values{"do": {do}}
	for i := 0; i+1 < len(more); i += 2 {
		query.Set(more[i], more[i+1])
	}
	return ask(h.socket, page(filepath.Join(h.root, "deeds.php"), query.Encode()))
}

// request is what a client asks, and how its success shows.
type request struct {
	script string // SCRIPT_FILENAME: below the site's root, or absolute behind a prefix
	query  string
	params map[string]string
	shows  func(a answer) bool
}

func runs(a answer) bool { return a.body == "it ran" }

// requests makes the probes of FastCGI's clients. outside is a script of the neighbour.
func requests(outside string) map[string]request {
	owned := func(a answer) bool { return strings.Contains(a.body, "owned") }
	return map[string]request{
		"script-outside":  {script: outside, shows: runs},
		"script-climb":    {script: "uploads/../../../neighbour/outside.php", shows: runs},
		"script-prefix":   {script: "proxy:fcgi://localhost" + outside, shows: runs},
		"script-upload":   {script: "uploads/shell.php", shows: runs},
		"script-name":     {script: "notes.txt", shows: runs},
		"php-value":       {script: "deeds.php", query: "do=setting", params: map[string]string{"PHP_VALUE": "user_agent=owned"}, shows: owned},
		"php-admin-value": {script: "deeds.php", query: "do=setting", params: map[string]string{"PHP_ADMIN_VALUE": "user_agent=owned"}, shows: owned},
		"http-proxy":      {script: "deeds.php", query: "do=proxy", params: map[string]string{"HTTP_PROXY": "http://owned.invalid/"}, shows: owned},
		"x-accel":         {script: "deeds.php", query: "do=order", shows: func(a answer) bool { return strings.Contains(a.head, "X-Accel-Redirect") }},
	}
}

// try makes a request. Its outcome is the status if that is an error.
func (h *home) try(r request) (string, error) {
	file := r.script
	if !strings.Contains(file, ":") && !filepath.IsAbs(file) {
		file = h.root + "/" + file
	}
	params := page(file, r.query)
	for name, value := range r.params {
		params[name] = value
	}
	a, err := ask(h.socket, params)
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: %w", r.script, err)
	case r.shows(a):
		return Works, nil
	case a.status() != "200":
		return a.status(), nil
	}
	return Nothing, nil
}
