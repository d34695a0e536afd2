package status

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// maxInFlight is how many answers are made at once. The next one gets 503: whoever asks that often can ask again.
const maxInFlight = 8

// Handler serves the status of what src returns. It calls src once for each request, several at once.
func Handler(src func() Snapshot) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(&collector{src: src})
	metrics := promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true})

	routes := map[string]http.Handler{
		"/": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var page bytes.Buffer
			err := renderPage(&page, complete(src()))
			answer(w, r, "text/html; charset=utf-8", page.Bytes(), err)
		}),
		"/status.json": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := json.Marshal(complete(src()))
			answer(w, r, "application/json", append(body, '\n'), err)
		}),
		"/metrics": metrics,
	}
	slots := make(chan struct{}, maxInFlight)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy",
			"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		route, ok := routes[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
			return
		}
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		default:
			h.Set("Retry-After", "1")
			http.Error(w, "too many requests at once", http.StatusServiceUnavailable)
			return
		}
		route.ServeHTTP(w, r)
	})
}

// answer sends a whole body, or 500 if it could not be made.
func answer(w http.ResponseWriter, r *http.Request, contentType string, body []byte, err error) {
	if err != nil {
		http.Error(w, "status: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	// An error here means that the client is gone.
	_, _ = w.Write(body)
}
