package fcgi

import (
	"strings"
	"testing"
	"time"
)

// TestNeedLength has bodies without CONTENT_LENGTH for workers that read nothing without it.
func TestNeedLength(t *testing.T) {
	head := func(kv ...string) []byte {
		return join(begin(1, Responder, flagKeep), rec(recParams, 1, pairs(append([]string{"REQUEST_METHOD", "POST"}, kv...)...)), rec(recParams, 1, ""))
	}
	framed := func(kv []string, length, body string) []byte {
		b := join(begin(1, Responder, flagKeep), rec(recParams, 1, pairs(append([]string{"REQUEST_METHOD", "POST"}, kv...)...)))
		if length != "" {
			b = append(b, rec(recParams, 1, pairs("CONTENT_LENGTH", length))...)
		}
		b = append(b, rec(recParams, 1, "")...)
		if body != "" {
			b = append(b, rec(recStdin, 1, body)...)
		}
		return append(b, rec(recStdin, 1, "")...)
	}
	large := strings.Repeat("x", 50_000)
	tests := []struct {
		name   string
		pieces [][]byte
		want   []byte // by the worker, nil if the request is refused
	}{
		{"in one piece", [][]byte{join(head(), rec(recStdin, 1, "hello", 3), rec(recStdin, 1, ""))}, framed(nil, "5", "hello")},
		{"in pieces", [][]byte{head(), rec(recStdin, 1, "hel"), rec(recStdin, 1, "lo"), rec(recStdin, 1, "")}, framed(nil, "5", "hello")},
		{"with an empty length", [][]byte{join(head("CONTENT_LENGTH", ""), rec(recStdin, 1, "hello"), rec(recStdin, 1, ""))}, framed([]string{"CONTENT_LENGTH", ""}, "5", "hello")},
		{"no body", [][]byte{head(), rec(recStdin, 1, "")}, framed(nil, "", "")},
		{"more than fits at first", [][]byte{head(), rec(recStdin, 1, large), rec(recStdin, 1, "")}, framed(nil, "50000", large)},
		{"more than fits", [][]byte{head(), rec(recStdin, 1, large), rec(recStdin, 1, large), rec(recStdin, 1, large), rec(recStdin, 1, "")}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := make(chan []byte, 1)
			l := scripted(t, 1, func(w *worker, _ int) {
				for b := w.request(); b != nil; b = w.request() {
					got <- b
					w.say(page(1, "ok"))
				}
			})
			c := dial(t, listen(t, &Proxy{Pick: l.pick, NeedLength: true}))
			for _, b := range tt.pieces {
				c.send(b)
				time.Sleep(time.Millisecond)
			}
			if tt.want == nil {
				c.want(answer(1, 411))
			} else {
				c.want(page(1, "ok"))
				if b := <-got; string(b) != string(tt.want) {
					t.Errorf("the worker got %s\nwant %s", show(b), show(tt.want))
				}
				l.wantOutcomes(t, Reuse)
			}
			c.wantOpen()
		})
	}
}

// TestNeedLengthLate has a body without CONTENT_LENGTH that does not end.
func TestNeedLengthLate(t *testing.T) {
	l := scripted(t, 1, echo)
	c := dial(t, listen(t, &Proxy{Pick: l.pick, NeedLength: true, Limits: Limits{HeaderTimeout: 50 * time.Millisecond}}))
	c.send(begin(1, Responder, flagKeep), rec(recParams, 1, pairs("REQUEST_METHOD", "POST")), rec(recParams, 1, ""), rec(recStdin, 1, "x"))
	c.want(answer(1, 408))
	c.wantClosed()
	l.wantOutcomes(t)
}

// TestStall has a client that asks on and on and reads nothing.
func TestStall(t *testing.T) {
	l := scripted(t, 1, echo)
	c := dial(t, listen(t, &Proxy{Pick: l.pick, Limits: Limits{HeaderTimeout: 50 * time.Millisecond}}))
	_ = c.SetWriteDeadline(time.Now().Add(patienceOf))
	many := []byte(strings.Repeat(string(probe), 1000))
	for {
		if _, err := c.Write(many); err != nil {
			if strings.Contains(err.Error(), "timeout") {
				t.Error("the connection is kept")
			}
			return
		}
	}
}
