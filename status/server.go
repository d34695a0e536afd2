package status

import (
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// maxConns is how many clients may be connected at once. More are hung up on.
const maxConns = 64

// NewServer returns a server for Handler's handler that clients cannot hold up: slow and silent ones are timed out, and
// their number is bounded. The caller sets ErrorLog, calls Serve and ends it by Shutdown or Close.
func NewServer(handler http.Handler) *http.Server {
	var conns atomic.Int32
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       5 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       30 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ConnState: func(c net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				if conns.Add(1) > maxConns {
					// The server notices at its first read, and reports StateClosed as for any other.
					_ = c.Close()
				}
			case http.StateClosed, http.StateHijacked:
				conns.Add(-1)
			}
		},
	}
}
