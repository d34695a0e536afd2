//go:build integration

package test

import (
	"io"
	"strings"
	"testing"

	"jpm/status"
)

// TestHostileWorker: whatever a worker answers, the client gets an answer or a broken connection, the worker is dealt
// with, and the next request is served.
func TestHostileWorker(t *testing.T) {
	worker := scripted()
	worker.request = `timeout = "3s"`
	j := startJPM(t, worker)
	tests := []struct {
		do   string
		want string // in the answer's header; empty: the answer may also break off
	}{
		{"hello", "Content-Type: text/plain"},
		{"tiny records", "Content-Type: text/plain"},
		{"big", "Content-Type: text/plain"},
		{"full padding", "Content-Type: text/plain"},
		{"late output", ""},
		{"values bomb", "Status: 502"},
		{"split header", "Status: 502"},
		{"folded header", "Status: 502"},
		{"no listener", "Content-Type: text/plain"},
		{"no output", "Content-Type: text/plain"},
		{"slow", ""},
		{"silent", "Status: 504"},
		{"exit", "Status: 502"},
		{"close", "Status: 502"},
		{"half header", "Status: 502"},
		{"half record", ""},
		{"half answer", ""},
		{"wrong version", "Status: 502"},
		{"wrong id", "Status: 502"},
		{"id zero", "Status: 502"},
		{"unknown type", "Status: 502"},
		{"values", "Status: 502"},
		{"begin", "Status: 502"},
		{"short end", ""},
		{"long end", ""},
		{"two ends", ""},
		{"only end", ""},
		{"leftover", ""},
		{"garbage", "Status: 502"},
		{"no header", ""},
		{"endless header", "Status: 502"},
		{"bad header", ""},
		{"bad status", ""},
		{"endless stderr", ""},
		{"flood", "Content-Type: text/plain"},
	}
	// It is idempotent: a worker may close its connection while the next request is on the way to it.
	next := simple(1, false, "DO", "hello", "REQUEST_METHOD", "GET", "REQUEST_URI", "/next", "SCRIPT_FILENAME", "/app/deed", "REMOTE_ADDR", "192.0.2.7")
	for _, test := range tests {
		t.Run(test.do, func(t *testing.T) {
			for _, keep := range []bool{true, false} {
				c := j.dial("site")
				request := deed(test.do)
				if !keep {
					request = request[:10] + "\x00" + request[11:]
				}
				if _, err := io.WriteString(c, request); err != nil {
					t.Fatal(err)
				}
				a, err := readReply(c, 1)
				c.Close()
				if test.want != "" && (err != nil || !strings.Contains(a.stdout, test.want)) {
					t.Errorf("got %q, error %v; want %q", clip(a.stdout), err, test.want)
				}
				a = j.exchange(next)
				if test.do == "two ends" || test.do == "leftover" {
					// What comes after an answer's end may come after the next request has gone to the same worker.
					a = j.exchange(next)
				}
				if !strings.HasSuffix(a.stdout, "\r\n\r\nhello") {
					t.Errorf("the next request got %q", clip(a.stdout))
				}
			}
		})
	}
	j.waitIdle()
	p := j.pool()
	if p.Bugs != 0 {
		t.Errorf("%d bugs", p.Bugs)
	}
	for _, i := range j.incidents() {
		if i.Layer != status.Protocol || i.Action != status.Killed || i.Request == nil {
			t.Errorf("incident %+v, want killed for the protocol, with a request", i)
		}
	}
	if s, err := j.snapshot(); err != nil || s.ProxyPID != j.proxy {
		t.Errorf("the proxy is %d, was %d, error %v", s.ProxyPID, j.proxy, err)
	}
}

// TestAccelHeaders: a site must not make nginx serve what lies beside it.
func TestAccelHeaders(t *testing.T) {
	j := startJPM(t, scripted())
	a := j.exchange(deed("accel"))
	for _, name := range []string{"X-Accel-Redirect", "X-Sendfile"} {
		if strings.Contains(a.stdout, name) {
			t.Errorf("%s came through: %q", name, clip(a.stdout))
		}
	}
}
