package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// openServer answers /fast in chunks and /slow after a while, and counts what it is asked.
func openServer(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func TestDriveOpen(t *testing.T) {
	var fast, slow atomic.Int64
	addr := openServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/fast":
			fast.Add(1)
			w.Write([]byte(strings.Repeat("x", 100_000))) // in chunks
		case "/slow":
			// Longer than between requests, so that others overtake it; and the connection is not kept.
			slow.Add(1)
			w.Header().Set("Connection", "close")
			time.Sleep(20 * time.Millisecond)
		default:
			http.NotFound(w, r)
		}
	})
	sc := Scenario{Page: "fast", Clients: 3, Open: Open{PerSecond: 400, Slow: "slow", SlowEvery: 10}}
	load, err := driveOpen(t.Context(), addr, sc, time.Second/2)
	if err != nil {
		t.Fatal(err)
	}
	if load.Requests != 200 || fast.Load() != 180 || slow.Load() != 20 {
		t.Errorf("%d requests, %d fast, %d slow, want 200, 180, 20", load.Requests, fast.Load(), slow.Load())
	}
	if load.P50 <= 0 || load.P99 < load.P50 || load.Rate <= 0 || load.CPU <= 0 {
		t.Errorf("driveOpen = %+v", load)
	}
}

func TestDriveOpenRefuses(t *testing.T) {
	tests := []struct {
		name, want string
		handler    http.HandlerFunc
	}{
		{"an error", "500", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }},
		{"half an answer", "before its answer is whole", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			w.Write([]byte("half"))
			panic(http.ErrAbortHandler)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			load, err := driveOpen(t.Context(), openServer(t, tt.handler), Scenario{Page: "x", Clients: 1, Open: Open{PerSecond: 10}}, time.Second)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("driveOpen = %+v, %v, want an error with %q", load, err, tt.want)
			}
		})
	}
}

func TestDriveOpenStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	addr := openServer(t, func(w http.ResponseWriter, _ *http.Request) { cancel() })
	if _, err := driveOpen(ctx, addr, Scenario{Page: "x", Clients: 1, Open: Open{PerSecond: 1}}, time.Hour); err == nil || ctx.Err() == nil {
		t.Errorf("driveOpen of a context that ends = %v", err)
	}
}
