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

// TestRetryLargeHead sends a head again of which one worker took a part, in several pieces.
func TestRetryLargeHead(t *testing.T) {
	request := join(begin(1, Responder, flagKeep), rec(recParams, 1, pairs("REQUEST_METHOD", "GET")))
	for _, name := range []string{"A", "B", "C", "D", "E", "F", "G", "H"} {
		request = append(request, rec(recParams, 1, pairs(name, strings.Repeat(name, 60000)))...)
	}
	request = append(request, join(rec(recParams, 1, ""), rec(recStdin, 1, ""))...)
	got := make(chan []byte, 2)
	l := scripted(t, 1, func(w *worker, n int) {
		b := w.request()
		got <- b
		w.say(page(1, "ok"))
		if n == 0 {
			time.Sleep(20 * time.Millisecond) // until no more fits
			for range 6 {                     // not all of them
				_, _, _ = w.record()
			}
			return
		}
		w.request()
	})
	c := dial(t, listen(t, &Proxy{Pick: l.pick, Limits: Limits{MaxParams: 1 << 20}}))
	for range 2 {
		c.send(request)
		c.want(page(1, "ok"))
	}
	first, second := <-got, <-got
	if string(first) != string(second) {
		t.Error("the second worker got another request")
	}
	l.wantOutcomes(t, Reuse, Lost, Reuse)
}
