package fcgi

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
)

// lender is a pool of connections to workers, each made by dial when there is none.
type lender struct {
	dial func() (*Conn, error)

	mu      sync.Mutex
	idle    []*Conn // guarded by mu
	used    map[*Conn]bool
	results []Result // guarded by mu: of Done, in order
	slots   chan struct{}
	keep    bool        // keep results
	lost    func(*Conn) // told a connection that is closed
	free    sync.Pool
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
	l      *lender
	conn   *Conn
	fresh  bool
	failer Failer
	done   int
}

func (u *loan) Conn() *Conn { return u.conn }
func (u *loan) Fresh() bool { return u.fresh }
func (u *loan) Done(res Result) {
	l := u.l
	l.mu.Lock()
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
	l.mu.Unlock()
	l.slots <- struct{}{}
	if !l.keep {
		l.free.Put(u)
	}
}

func (l *lender) pick(ctx context.Context, r *Request) (Upstream, error) {
	select {
	case <-l.slots:
	default:
		select {
		case <-l.slots:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	u, _ := l.free.Get().(*loan)
	if u == nil {
		u = new(loan)
	}
	*u = loan{l: l, failer: r.Failer()}
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.idle); n > 0 {
		u.conn, l.idle = l.idle[n-1], l.idle[:n-1]
		return u, nil
	}
	var err error
	u.fresh = true
	if u.conn, err = l.dial(); err != nil {
		l.slots <- struct{}{}
		return nil, err
	}
	l.used[u.conn] = true
	return u, nil
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

// listen serves p on a unix socket until the test is over.
func listen(t testing.TB, p *Proxy) string {
	t.Helper()
	path := t.TempDir() + "/fcgi.sock"
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- p.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = p.Shutdown(ctx)
		if err := <-served; !errors.Is(err, ErrClosed) {
			t.Errorf("Serve = %v, want ErrClosed", err)
		}
	})
	return path
}
