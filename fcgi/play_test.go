package fcgi

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"golang.org/x/sys/unix"
)

// row is one thing that the proxy must do, as bytes that go in and come out.
type row struct {
	of     string // the rule, state, client or worker that it shows: see checklist
	name   string
	do     acts
	limits Limits // those of play if zero
	refuse error  // what Pick says instead of lending a worker
	mpx    int    // workers, 1 if zero
}

// act is something that a client or a worker does, or must see.
type act struct {
	name string
	do   func(p *play)
}

// acts are played one after the other.
type acts []act

// play is one client, a proxy and its workers while the acts of a row are played.
type play struct {
	t           *testing.T
	path        string  // of the proxy's socket
	keep        uint8   // flags of what ask sends
	lender      *lender // of the workers
	client      *peer
	writes      chan func()
	fresh       chan *stage // connections to workers that no act has looked at, in order
	conns       []*stage    // the others
	at          int         // the connection that a worker's acts are about
	logs        *observer.ObservedLogs
	warned      bool // something was to be logged
	unreadInput bool // workers may have got what no act has read

	mu   sync.Mutex
	told bytes.Buffer // guarded by mu: STDERR
}

// stage is a worker's side of a connection.
type stage struct {
	*worker
	writes chan func()
	quit   chan struct{} // closed when the connection is closed and nothing is written any more
}

// speak calls what writes, in order, apart from the acts: it may take longer than the next of them. It ends with the play, or at a nil.
func speak(writes <-chan func(), over <-chan struct{}) {
	for {
		select {
		case f := <-writes:
			if f == nil {
				return
			}
			f()
		case <-over:
			return
		}
	}
}

// both says whether a row is played with and without KEEP_CONN.
func (r *row) both() bool {
	for _, s := range r.do {
		if s.name == ask.name {
			return true
		}
	}
	return false
}

// perform plays the acts.
func (r *row) perform(t *testing.T, keep uint8) {
	core, logs := observer.New(zap.InfoLevel)
	p := &play{t: t, keep: keep, logs: logs, fresh: make(chan *stage, 100), writes: make(chan func(), 100)}
	over := make(chan struct{})
	p.lender = scripted(t, max(1, r.mpx), func(w *worker, _ int) {
		s := &stage{w, make(chan func(), 100), make(chan struct{})}
		p.fresh <- s
		speak(s.writes, over)
		_ = s.Close()
		close(s.quit)
	})
	limits := r.limits
	if limits == (Limits{}) {
		limits = Limits{MaxBody: 1 << 20, MaxParams: 60 << 10}
	}
	pick := p.lender.pick
	if r.refuse != nil {
		pick = func(*Request) (Upstream, Waiter, error) { return nil, nil, r.refuse }
	}
	p.path = listen(t, &Proxy{Pick: pick, MaxConns: 64, MaxReqs: 8, Limits: limits, Log: zap.New(core), Stderr: p.stderr})
	var speaking sync.WaitGroup
	t.Cleanup(speaking.Wait)
	p.client = dial(t, p.path)
	speaking.Go(func() { speak(p.writes, over) })
	defer close(over)

	for i, s := range r.do {
		func() {
			passed := false
			defer func() {
				if !passed {
					t.Logf("in act %d: %s", i+1, s.name)
				}
			}()
			s.do(p)
			passed = !t.Failed()
		}()
	}
	p.finish()
}

// finish checks what must hold after every row: workers got nothing more, and only what is a fault was logged.
func (p *play) finish() {
	for i, s := range p.conns {
		if b := s.unread(); len(b) > 0 && !p.unreadInput {
			p.t.Errorf("the worker got more on connection %d: %s", i, show(b))
		}
	}
	if !p.warned && p.logs.Len() > 0 {
		p.t.Errorf("logged: %v", p.logs.All())
	}
	if p.warned && p.logs.Len() == 0 {
		p.t.Error("nothing was logged")
	}
}

// stderr is told what workers complain of.
func (p *play) stderr(_ *Request, _ Upstream, b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told.Write(b)
}

// stage is the worker's side of the connection that is looked at, when it is there.
func (p *play) stage() *stage {
	p.t.Helper()
	for len(p.conns) <= p.at {
		select {
		case s := <-p.fresh:
			p.conns = append(p.conns, s)
		case <-time.After(patienceOf):
			p.t.Fatalf("nobody connects to the worker for the %d. time", p.at+1)
		}
	}
	s := p.conns[p.at]
	_ = s.SetReadDeadline(time.Now().Add(patienceOf))
	return s
}

// unread is what the proxy has sent on a connection and no act has read.
func (s *stage) unread() []byte {
	b, _ := s.r.Peek(s.r.Buffered())
	if raw, err := s.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) {
			more := make([]byte, 4096)
			if n, _, err := unix.Recvfrom(int(fd), more, unix.MSG_PEEK|unix.MSG_DONTWAIT); err == nil {
				b = append(b, more[:n]...)
			}
		})
	}
	return b
}
