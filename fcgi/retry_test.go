package fcgi

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// wantOutcomes waits until so many workers were given back and compares how.
func (l *lender) wantOutcomes(t testing.TB, want ...Outcome) []Result {
	t.Helper()
	for deadline := time.Now().Add(patienceOf); len(l.outcomes()) < len(want) && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if got := l.outcomes(); !slices.Equal(got, want) {
		t.Fatalf("outcomes %v, want %v", got, want)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.results)
}

// TestUse checks that a worker's connection is used again exactly when it is clean.
func TestUse(t *testing.T) {
	filter := join(begin(1, Filter, flagKeep), rec(recParams, 1, ""), rec(recStdin, 1, ""), rec(recData, 1, "x"), rec(recData, 1, ""))
	tests := []struct {
		name    string
		request []byte
		outcome Outcome
	}{
		{"a GET", get(1, flagKeep), Reuse},
		{"a GET with an empty CONTENT_LENGTH", get(1, flagKeep, "CONTENT_LENGTH", ""), Reuse},
		{"a whole body", post(1, flagKeep, "5", "12345"), Reuse},
		{"a large body", post(1, flagKeep, "900000", strings.Repeat("x", 900000)), Reuse},
		{"a body that is too short", post(1, flagKeep, "6", "12345"), Reconnect},
		{"a body that is too long", post(1, flagKeep, "4", "12345"), Reconnect},
		{"a body without CONTENT_LENGTH", post(1, flagKeep, "", "12345"), Reconnect},
		{"a Filter", filter, Reconnect},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := scripted(t, 1, echo)
			c := dial(t, listen(t, &Proxy{Pick: l.pick}))
			for range 3 {
				c.send(tt.request)
				c.want(page(1, "ok"))
			}
			l.wantOutcomes(t, tt.outcome, tt.outcome, tt.outcome)
			want := 1
			if tt.outcome != Reuse {
				want = 0
			}
			if n := len(l.idle); n != want {
				t.Errorf("%d idle connections, want %d", n, want)
			}
		})
	}
}

// lateDeath answers some requests and then reads one more and closes.
func lateDeath(answers int) func(*worker, int) {
	return func(w *worker, n int) {
		if n > 0 {
			echo(w, n)
			return
		}
		for range answers {
			b := w.request()
			if b == nil {
				return
			}
			w.say(page(readHeader(b).id, "ok"))
		}
		w.request()
	}
}

func TestRetry(t *testing.T) {
	tests := []struct {
		name     string
		answers  int
		request  []byte
		want     []byte
		outcomes []Outcome
	}{
		{"a GET on a used connection", 1, get(1, flagKeep), page(1, "ok"), []Outcome{Reuse, Lost, Reuse}},
		{"a GET on a fresh connection", 0, get(1, flagKeep), answer(1, 502), []Outcome{Lost}},
		{"a POST on a used connection", 1, post(1, flagKeep, "2", "ab"), answer(1, 502), []Outcome{Reuse, Lost}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := scripted(t, 1, lateDeath(tt.answers))
			last := make(chan Result, 9)
			c := dial(t, listen(t, &Proxy{Pick: l.pick, Account: func(_ *Request, r Result) { last <- r }}))
			for range tt.answers {
				c.send(get(1, flagKeep))
				c.want(page(1, "ok"))
				<-last
			}
			c.send(tt.request)
			c.want(tt.want)
			c.wantOpen()
			l.wantOutcomes(t, tt.outcomes...)
			if r := <-last; r.Retried != (len(tt.outcomes) == 3) {
				t.Errorf("retried = %v", r.Retried)
			}
		})
	}
}

func TestRetryOnceOnly(t *testing.T) {
	// Two workers, both with used connections, both die at the second request.
	l := scripted(t, 2, func(w *worker, _ int) { lateDeath(1)(w, 0) })
	path := listen(t, &Proxy{Pick: l.pick})
	a, b := dial(t, path), dial(t, path)
	a.send(begin(1, Responder, flagKeep), rec(recParams, 1, ""))
	for len(l.slots) != 1 { // a has the first worker
		time.Sleep(time.Millisecond)
	}
	b.send(get(1, flagKeep))
	b.want(page(1, "ok"))
	a.send(rec(recStdin, 1, ""))
	a.want(page(1, "ok"))
	a.send(get(1, flagKeep))
	a.want(answer(1, 502))
	l.wantOutcomes(t, Reuse, Reuse, Lost, Lost)
}

// TestStale lends connections that the worker has closed.
func TestStale(t *testing.T) {
	closed := make(chan struct{}, 100)
	l := scripted(t, 1, func(w *worker, n int) {
		if n < 5 {
			_ = w.Close()
			closed <- struct{}{}
			return
		}
		echo(w, n)
	})
	dialed := l.dial
	l.dial = func() (*Conn, error) {
		c, err := dialed()
		if len(closed) < 5 {
			closed <- <-closed
			time.Sleep(time.Millisecond)
		}
		return c, err
	}
	c := dial(t, listen(t, &Proxy{Pick: l.pick}))
	c.send(post(1, flagKeep, "2", "ab"))
	c.want(page(1, "ok"))
	l.wantOutcomes(t, Stale, Stale, Stale, Stale, Stale, Reuse)
}

func TestStaleForEver(t *testing.T) {
	l := scripted(t, 1, func(*worker, int) {})
	dialed := l.dial
	l.dial = func() (*Conn, error) {
		c, err := dialed()
		time.Sleep(time.Millisecond)
		return c, err
	}
	c := dial(t, listen(t, &Proxy{Pick: l.pick}))
	c.send(get(1, flagKeep))
	c.want(answer(1, 502))
	c.wantOpen()
}

// TestLeftover lends a connection on which the worker has said something since its last answer.
func TestLeftover(t *testing.T) {
	spoken := make(chan struct{})
	l := scripted(t, 1, func(w *worker, n int) {
		if n > 0 {
			echo(w, n)
			return
		}
		w.request()
		w.say(page(1, "ok"))
		time.Sleep(20 * time.Millisecond)
		w.say(end(1, 0, 0))
		close(spoken)
		w.request()
	})
	c := dial(t, listen(t, &Proxy{Pick: l.pick}))
	c.send(get(1, flagKeep))
	c.want(page(1, "ok"))
	<-spoken
	c.send(get(1, flagKeep))
	c.want(page(1, "ok"))
	l.wantOutcomes(t, Reuse, Violation, Reuse)
}
