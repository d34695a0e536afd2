package fcgi

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// TestWorkerAnswers checks what the client and the pool are told for what a worker does on a connection that is used for the first time.
func TestWorkerAnswers(t *testing.T) {
	const head = "Content-Type: text/plain\r\n\r\n"
	bad := answer(1, 502)
	tests := []struct {
		name    string
		script  func(w *worker)
		want    []byte
		outcome Outcome
		closed  bool // with KEEP_CONN
		err     error
	}{
		{name: "php-cgi", script: func(w *worker) { w.say(page(1, "hi")) }, want: page(1, "hi")},
		{name: "libfcgi", script: func(w *worker) {
			w.say(rec(recStderr, 1, "warn", 4), rec(recStdout, 1, head+"hi", 2), rec(recStderr, 1, ""), rec(recStdout, 1, ""), end(1, 3, 0))
		}, want: join(rec(recStdout, 1, head+"hi"), rec(recStdout, 1, ""), end(1, 3, 0))},
		{name: "flup", script: func(w *worker) {
			for _, b := range join(rec(recStdout, 1, head, 4), rec(recStdout, 1, "hi", 6), rec(recStdout, 1, ""), end(1, 0, 0)) {
				w.say([]byte{b})
			}
		}, want: join(rec(recStdout, 1, head), zeroPadded(rec(recStdout, 1, "hi", 6)), rec(recStdout, 1, ""), end(1, 0, 0))},
		{name: "bytes of its memory", script: func(w *worker) {
			b := page(1, "hi")
			copy(b[len(b)-3:], "mem")
			b[offReserved] = 'm'
			w.say(b)
		}, want: page(1, "hi")},
		{name: "END_REQUEST with padding", script: func(w *worker) {
			e := rec(recEndRequest, 1, "\x00\x00\x00\x00\x00\x00\x00\x00", 9)
			w.say(rec(recStdout, 1, head), e)
		}, want: join(rec(recStdout, 1, head), end(1, 0, 0))},
		{name: "a header block in many records", script: func(w *worker) {
			w.say(oneByOne(recStdout, 1, head[:len(head)-1]), rec(recStderr, 1, "noise"), rec(recStdout, 1, "\nbody"), end(1, 0, 0))
		}, want: page(1, "body")},
		{name: "headers that command", script: func(w *worker) {
			w.say(rec(recStdout, 1, "Status: 404 Not Found\r\nX-Accel-Redirect: /secret\r\nx-sendfile: /etc/passwd\r\nA: b\r\nX-Accel-Buffering: no\r\n\r\nbody", 5), end(1, 0, 0))
		}, want: join(rec(recStdout, 1, "Status: 404 Not Found\r\nA: b\r\nX-Accel-Buffering: no\r\n\r\nbody"), end(1, 0, 0))},
		{name: "only headers that command", script: func(w *worker) {
			w.say(rec(recStdout, 1, "X-Accel-Redirect: /secret\n\nbody"), end(1, 0, 0))
		}, want: join(rec(recStdout, 1, "\nbody"), end(1, 0, 0))},
		{name: "closes at once", script: func(w *worker) {}, want: bad, outcome: Lost, err: io.ErrUnexpectedEOF},
		{name: "closes within the header block", script: func(w *worker) { w.say(rec(recStdout, 1, head[:5])) }, want: bad, outcome: Lost, err: io.ErrUnexpectedEOF},
		{name: "closes within the first record", script: func(w *worker) { w.say(page(1, "hi")[:30]) }, want: bad, outcome: Lost, err: io.ErrUnexpectedEOF},
		{name: "closes behind the header block", script: func(w *worker) { w.say(rec(recStdout, 1, head)) }, want: rec(recStdout, 1, head), outcome: Lost, closed: true, err: io.ErrUnexpectedEOF},
		{name: "closes within the body", script: func(w *worker) { w.say(rec(recStdout, 1, head), rec(recStdout, 1, "body")[:10]) }, want: rec(recStdout, 1, head), outcome: Lost, closed: true, err: io.ErrUnexpectedEOF},
		{name: "closes before END_REQUEST", script: func(w *worker) { w.say(rec(recStdout, 1, head), rec(recStdout, 1, "")) }, want: join(rec(recStdout, 1, head), rec(recStdout, 1, "")), outcome: Lost, closed: true, err: io.ErrUnexpectedEOF},
		{name: "more than an answer", script: func(w *worker) { w.say(page(1, "hi"), end(1, 0, 0)) }, want: page(1, "hi"), outcome: Violation},
		{name: "another version", script: func(w *worker) { w.say([]byte("HTTP/1.1 200 OK\r\n\r\n")) }, want: bad, outcome: Violation, err: ErrProtocol},
		{name: "another id", script: func(w *worker) { w.say(page(2, "hi")) }, want: bad, outcome: Violation, err: ErrProtocol},
		{name: "id 0", script: func(w *worker) { w.say(rec(recGetValuesResult, 0, "")) }, want: bad, outcome: Violation, err: ErrProtocol},
		{name: "BEGIN_REQUEST", script: func(w *worker) { w.say(begin(1, Responder, 1)) }, want: bad, outcome: Violation, err: ErrProtocol},
		{name: "PARAMS", script: func(w *worker) { w.say(rec(recParams, 1, "")) }, want: bad, outcome: Violation, err: ErrProtocol},
		{name: "type 0", script: func(w *worker) { w.say(rec(0, 1, "")) }, want: bad, outcome: Violation, err: ErrProtocol},
		{name: "another id in the body", script: func(w *worker) { w.say(rec(recStdout, 1, head), rec(recStdout, 2, "x")); w.request() }, want: bad, outcome: Violation, err: ErrProtocol},
		{name: "END_REQUEST of 7 bytes", script: func(w *worker) { w.say(rec(recStdout, 1, head), rec(recEndRequest, 1, "1234567")) }, want: bad, outcome: Violation, err: ErrProtocol},
		{name: "END_REQUEST alone", script: func(w *worker) { w.say(end(1, 0, 0)) }, want: bad, outcome: Violation, err: ErrProtocol},
		{name: "END_REQUEST within the header block", script: func(w *worker) { w.say(rec(recStdout, 1, "A: b\r\n"), end(1, 0, 0)) }, want: bad, outcome: Violation, err: ErrProtocol},
		{name: "end of STDOUT first", script: func(w *worker) { w.say(rec(recStdout, 1, ""), end(1, 0, 0)) }, want: bad, outcome: Violation, err: ErrProtocol},
		{name: "endless empty STDOUT", script: func(w *worker) { w.say(rec(recStdout, 1, head), bytes.Repeat(rec(recStdout, 1, ""), 1000)) }, want: bad, outcome: Violation, err: ErrProtocol},
		{name: "endless empty STDERR", script: func(w *worker) { w.say(bytes.Repeat(rec(recStderr, 1, ""), 1000)) }, want: bad, outcome: Violation, err: ErrProtocol},
		{name: "STDOUT behind its end", script: func(w *worker) { w.say(rec(recStdout, 1, head), rec(recStdout, 1, ""), rec(recStdout, 1, "x")) }, want: bad, outcome: Violation, err: ErrProtocol},
		{name: "endless STDERR", script: func(w *worker) {
			for range 1 + maxStderr/maxContent {
				w.say(rec(recStderr, 1, strings.Repeat("e", maxContent)))
			}
			w.request()
		}, want: bad, outcome: Violation, err: ErrProtocol},
		{name: "endless header block", script: func(w *worker) {
			for range 2000 {
				w.say(rec(recStdout, 1, "A: "+strings.Repeat("b", 60)+"\r\n"))
			}
			w.request()
		}, want: bad, outcome: Violation, err: ErrProtocol},
		{name: "NUL in the header block", script: func(w *worker) { w.say(rec(recStdout, 1, "A: b\x00\r\n\r\n")); w.request() }, want: bad, outcome: Reconnect, err: errHeader},
		{name: "a header line without a colon", script: func(w *worker) { w.say(rec(recStdout, 1, "<html>\n\n")); w.request() }, want: bad, outcome: Reconnect, err: errHeader},
		{name: "no header line", script: func(w *worker) { w.say(rec(recStdout, 1, "\r\n\r\nx")); w.request() }, want: bad, outcome: Reconnect, err: errHeader},
		{name: "a status that is none", script: func(w *worker) { w.say(rec(recStdout, 1, "Status: great\n\n")); w.request() }, want: bad, outcome: Reconnect, err: errHeader},
	}
	for _, tt := range tests {
		for _, keep := range []uint8{0, flagKeep} {
			name := tt.name
			if keep != 0 {
				name += ", kept"
			}
			t.Run(name, func(t *testing.T) {
				seen := make(chan struct{})
				l := scripted(t, 1, func(w *worker, n int) {
					if n > 0 {
						echo(w, n)
						return
					}
					if w.request() != nil {
						tt.script(w)
						if tt.closed {
							<-seen // else the client may as well be told 502
						}
						_ = w.CloseWrite()
						w.request()
					}
				})
				accounted := make(chan Result, 9)
				p := &Proxy{Pick: l.pick, Account: func(_ *Request, res Result) { accounted <- res }}
				c := dial(t, listen(t, p))
				c.send(get(1, keep))
				c.want(tt.want)
				close(seen)
				switch {
				case tt.closed:
					c.want(make([]byte, headerLen)) // of no version
					c.wantClosed()
				case keep == 0:
					c.wantClosed()
				default:
					c.wantOpen()
				}
				res := l.wantOutcomes(t, tt.outcome)[0]
				if !errors.Is(res.Err, tt.err) {
					t.Errorf("Done was told %v, want %v", res.Err, tt.err)
				}
				if res := <-accounted; !errors.Is(res.Err, tt.err) || res.ClientGone {
					t.Errorf("Account was told %+v, want error %v", res, tt.err)
				}
			})
		}
	}
}

// zeroPadded clears the padding of a record.
func zeroPadded(b []byte) []byte {
	clear(b[headerLen+int(readHeader(b).length):])
	return b
}

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
