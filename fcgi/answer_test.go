package fcgi

import (
	"strings"
	"testing"
	"time"
)

func TestStderr(t *testing.T) {
	l := scripted(t, 1, func(w *worker, _ int) {
		w.request()
		w.say(rec(recStderr, 1, "one"), rec(recStdout, 1, "A: b\n\n"), rec(recStderr, 1, strings.Repeat("e", maxContent)), rec(recStderr, 1, "never told"), end(1, 0, 0))
		w.request()
	})
	told := make(chan string, 9)
	c := dial(t, listen(t, &Proxy{Pick: l.pick, Stderr: func(r *Request, _ Upstream, b []byte) { told <- r.Script() + " " + string(b) }}))
	c.send(get(1, flagKeep))
	c.want(rec(recStdout, 1, "A: b\n\n"), end(1, 0, 0))
	if s := <-told; s != "/srv/a.php one" {
		t.Errorf("told %q", s)
	}
	if s := <-told; s != "/srv/a.php "+strings.Repeat("e", maxStderrTold-3) {
		t.Errorf("told %d bytes", len(s))
	}
	if len(told) > 0 {
		t.Errorf("told %q", <-told)
	}
}

// TestResult checks the figures.
func TestResult(t *testing.T) {
	l := scripted(t, 1, func(w *worker, _ int) {
		w.request()
		w.say(rec(recStdout, 1, "Status: 201 Created\nX-Sendfile: x\n\nhello"), end(1, 7, 0))
		w.request()
	})
	type account struct {
		uri, method, remote, server string
		Result
	}
	done := make(chan account, 1)
	before := time.Now()
	c := dial(t, listen(t, &Proxy{Pick: l.pick, Account: func(r *Request, res Result) {
		done <- account{r.URI(), r.Method(), r.RemoteAddr(), r.ServerName(), res}
	}}))
	c.send(begin(1, Responder, flagKeep), rec(recParams, 1, pairs("REQUEST_METHOD", "POST", "REQUEST_URI", "/x?y", "CONTENT_LENGTH", "3",
		"REMOTE_ADDR", "192.0.2.1", "SERVER_NAME", "example.org")), rec(recParams, 1, ""), rec(recStdin, 1, "abc"), rec(recStdin, 1, ""))
	c.want(rec(recStdout, 1, "Status: 201 Created\n\nhello"), end(1, 7, 0))
	got := <-done
	if got.Began.Before(before) || got.Began.After(time.Now()) {
		t.Errorf("Began = %v", got.Began)
	}
	got.Began = time.Time{}
	want := account{"/x?y", "POST", "192.0.2.1", "example.org", Result{Outcome: Reuse, Status: 201, AppStatus: 7, InBytes: 3, OutBytes: int64(len("Status: 201 Created\n\nhello"))}}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
