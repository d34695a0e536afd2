package fcgi

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"testing"
)

// lender is a pool of connections to workers, each made by dial when there is none.
type lender struct {
	dial func() (*Conn, error)

	mu      sync.Mutex
	idle    []*Conn // guarded by mu
	used    map[*Conn]bool
	results []Result      // guarded by mu: of Done, in order
	slots   chan struct{} // filled and emptied under mu
	queue   []*place      // guarded by mu
	left    int           // guarded by mu: how many have left the queue
	lent    int           // guarded by mu
	keep    bool          // keep results
	lost    func(*Conn)   // told a connection that is closed
	free    []*loan       // guarded by mu
}

func newLender(t testing.TB, workers int, dial func() (*Conn, error)) *lender {
	l := &lender{dial: dial, slots: make(chan struct{}, workers), keep: true, used: map[*Conn]bool{}}
	for range workers {
		l.slots <- struct{}{}
	}
	t.Cleanup(l.close)
	return l
}

func (l *lender) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.used {
		_ = c.Close()
	}
}

type loan struct {
	l     *lender
	conn  *Conn
	fresh bool
	done  int
}

func (u *loan) Conn() *Conn { return u.conn }
func (u *loan) Fresh() bool { return u.fresh }
func (u *loan) Done(res Result) {
	l := u.l
	l.mu.Lock()
	defer l.mu.Unlock()
	if u.done++; u.done > 1 {
		panic("Done was called twice")
	}
	if l.keep {
		l.results = append(l.results, res)
	}
	if res.Outcome == Reuse {
		l.idle = append(l.idle, u.conn)
	} else {
		delete(l.used, u.conn)
		if l.lost != nil {
			l.lost(u.conn)
		}
	}
	if !l.keep {
		l.free = append(l.free, u)
	}
	l.freed()
}

// place is a request that waits for a slot.
type place struct {
	l       *lender
	handle  Handle
	granted *loan
}

// Leave implements Waiter.
func (q *place) Leave() {
	l := q.l
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left++
	if q.granted != nil { // at the same moment
		l.idle = append(l.idle, q.granted.conn)
		l.lent--
		l.freed()
		return
	}
	for i := range l.queue {
		if l.queue[i] == q {
			l.queue = append(l.queue[:i], l.queue[i+1:]...)
			return
		}
	}
}

// freed gives a slot that has become free to who waits longest. l.mu is held.
func (l *lender) freed() {
	if len(l.queue) == 0 {
		l.slots <- struct{}{}
		return
	}
	q := l.queue[0]
	l.queue = l.queue[1:]
	u, err := l.lend()
	if err != nil {
		l.slots <- struct{}{}
		q.handle.Grant(nil, err)
		return
	}
	q.granted = u
	q.handle.Grant(u, nil)
}

// lend gives a connection. l.mu is held.
func (l *lender) lend() (*loan, error) {
	var u *loan
	if n := len(l.free); n > 0 {
		u, l.free = l.free[n-1], l.free[:n-1]
	} else {
		u = new(loan)
	}
	*u = loan{l: l}
	l.lent++
	if n := len(l.idle); n > 0 {
		u.conn, l.idle = l.idle[n-1], l.idle[:n-1]
		return u, nil
	}
	var err error
	u.fresh = true
	if u.conn, err = l.dial(); err != nil {
		return nil, err
	}
	l.used[u.conn] = true
	return u, nil
}

func (l *lender) pick(r *Request) (Upstream, Waiter, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.slots:
	default:
		q := &place{l: l, handle: r.Handle()}
		l.queue = append(l.queue, q)
		return nil, q, nil
	}
	u, err := l.lend()
	if err != nil {
		l.slots <- struct{}{}
		return nil, nil, err
	}
	return u, nil, nil
}

// outcomes are the results so far.
func (l *lender) outcomes() []Outcome {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Outcome, 0, len(l.results))
	for _, r := range l.results {
		out = append(out, r.Outcome)
	}
	return out
}

// socket is what Serve takes for a listener of package net, which stays open until the test is over.
func socket(t testing.TB, ln net.Listener) Listener {
	t.Helper()
	f, err := ln.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return Listener{File: f}
}

// listen serves p on a unix socket until the test is over.
func listen(t testing.TB, p *Proxy) string {
	t.Helper()
	path := t.TempDir() + "/fcgi.sock"
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := socket(t, ln)
	served := make(chan error, 1)
	go func() { served <- p.Serve(s) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := p.Shutdown(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("Shutdown = %v", err)
		}
		if err := <-served; !errors.Is(err, ErrClosed) {
			t.Errorf("Serve = %v, want ErrClosed", err)
		}
	})
	return path
}
