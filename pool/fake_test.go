package pool_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"jpm/config"
	"jpm/pool"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeConn is a connection that knows how often it was closed.
type fakeConn struct {
	id     pool.ID
	closed atomic.Int32
}

func (c *fakeConn) Close() error {
	c.closed.Add(1)
	return nil
}

// fakeStarter starts processes that live as the test says. It keeps a list of the calls it got.
type fakeStarter struct {
	pool *pool.Pool
	// auto answers Start and Dial at once and well, and lets a process end at Term and Kill.
	auto atomic.Bool

	mu    sync.Mutex
	calls []string
	conns []*fakeConn
	alive map[pool.ID]bool
}

func (s *fakeStarter) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, fmt.Sprintf(format, args...))
}

// take returns the calls since it was called last.
func (s *fakeStarter) take() []string {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.calls
	s.calls = nil
	return calls
}

func (s *fakeStarter) conn(id pool.ID) *fakeConn {
	c := &fakeConn{id: id}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns = append(s.conns, c)
	return c
}

func (s *fakeStarter) Start(id pool.ID) {
	s.note("start %d/%d", id.Slot, id.Gen)
	if s.auto.Load() {
		go s.up(id)
	}
}

// up brings a process that was asked for to life.
func (s *fakeStarter) up(id pool.ID) *fakeConn {
	c := s.conn(id)
	s.mu.Lock()
	s.alive[id] = true
	s.mu.Unlock()
	s.pool.Started(id, pool.Process{Pid: pidOf(id), Conn: c})
	return c
}

func pidOf(id pool.ID) int { return 1000*int(id.Gen) + int(id.Slot) }

func (s *fakeStarter) Dial(id pool.ID) {
	s.note("dial %d/%d", id.Slot, id.Gen)
	if s.auto.Load() {
		go s.pool.Dialed(id, s.conn(id), nil)
	}
}

func (s *fakeStarter) Term(id pool.ID) {
	s.note("term %d/%d", id.Slot, id.Gen)
	if s.auto.Load() {
		go s.die(id, pool.Exit{})
	}
}

func (s *fakeStarter) Kill(id pool.ID) {
	s.note("kill %d/%d", id.Slot, id.Gen)
	if s.auto.Load() {
		go s.die(id, pool.Exit{Signal: syscall.SIGKILL})
	}
}

// die ends a process, once.
func (s *fakeStarter) die(id pool.ID, exit pool.Exit) {
	s.mu.Lock()
	alive := s.alive[id]
	delete(s.alive, id)
	s.mu.Unlock()
	if alive {
		s.pool.Exited(id, exit)
	}
}

// open returns how many connections nobody has closed, and fails if one was closed twice.
func (s *fakeStarter) open(t *testing.T) int {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.conns {
		switch closed := c.closed.Load(); {
		case closed == 0:
			n++
		case closed > 1:
			t.Errorf("connection of %v was closed %d times", c.id, closed)
		}
	}
	return n
}

// fakeObserver keeps the transitions.
type fakeObserver struct {
	mu   sync.Mutex
	seen []pool.Transition
}

func (o *fakeObserver) Transition(t pool.Transition) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.seen = append(o.seen, t)
}

// take returns the transitions since it was called last.
func (o *fakeObserver) take() []pool.Transition {
	synctest.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	seen := o.seen
	o.seen = nil
	return seen
}

// fakeHolder keeps the reasons it was failed with.
type fakeHolder struct {
	mu    sync.Mutex
	fails []pool.Reason
}

func (h *fakeHolder) Fail(r pool.Reason) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fails = append(h.fails, r)
}

func (h *fakeHolder) failed() []pool.Reason {
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.fails
}

var errStart = errors.New("no such program")

// testConfig is a pool of n workers with round numbers.
func testConfig(n int) config.Pool {
	return config.Pool{
		Name:    "shop",
		Listen:  []config.Listen{{Address: "unix:/run/jpm/shop.sock"}},
		Workers: config.Workers{Mode: "static", Max: n, StartTimeout: 10 * time.Second, StopTimeout: 5 * time.Second},
		Queue:   config.Queue{Length: 10, Timeout: 5 * time.Second},
		Request: config.Request{Timeout: 60 * time.Second},
	}
}

// rig is a pool between a fake Starter and a fake Observer.
type rig struct {
	*pool.Pool
	t *testing.T
	s *fakeStarter
	o *fakeObserver
}

// newRig makes a pool. Call it inside a synctest bubble, which checks at its end that the pool leaves nothing behind.
func newRig(t *testing.T, cfg config.Pool) *rig {
	s := &fakeStarter{alive: map[pool.ID]bool{}}
	o := &fakeObserver{}
	s.pool = pool.New(cfg, s, o)
	return &rig{Pool: s.pool, t: t, s: s, o: o}
}

// newAutoRig makes a pool whose workers are up and behave.
func newAutoRig(t *testing.T, cfg config.Pool) *rig {
	r := newRig(t, cfg)
	r.s.auto.Store(true)
	r.Up()
	synctest.Wait()
	return r
}

// acquire gets a lease that must be had at once.
func (r *rig) acquire(h pool.Holder) *pool.Lease {
	r.t.Helper()
	l, err := r.AcquireWait(r.t.Context(), h)
	if err != nil {
		r.t.Fatalf("Acquire = %v, want a lease", err)
	}
	return l
}

// finish closes the pool and checks that everything ends and nothing is left.
func (r *rig) finish() {
	r.t.Helper()
	r.s.auto.Store(true)
	r.Close()
	synctest.Wait()
	r.s.mu.Lock()
	var left []pool.ID
	for id := range r.s.alive {
		left = append(left, id)
	}
	r.s.mu.Unlock()
	for _, id := range left {
		r.s.die(id, pool.Exit{Signal: syscall.SIGKILL})
	}
	for _, w := range r.Snapshot().Workers {
		if w.State == pool.Killing {
			r.StartFailed(pool.ID{Slot: w.Slot, Gen: w.Generation}, errors.New("called off"))
		}
	}
	synctest.Wait()
	select {
	case <-r.Done():
	default:
		r.t.Errorf("Done is open after Close: %+v", r.Snapshot().Workers)
	}
	if n := r.s.open(r.t); n != 0 {
		r.t.Errorf("%d connections are open after Close", n)
	}
}

// lines shows transitions as short lines.
func lines(ts []pool.Transition) []string {
	var out []string
	for _, t := range ts {
		s := fmt.Sprintf("%d/%d %s>%s", t.ID.Slot, t.ID.Gen, t.From, t.To)
		if t.Reason != pool.ReasonNone {
			s += " " + t.Reason.String()
		}
		if t.Backoff > 0 {
			s += " " + t.Backoff.String()
		}
		out = append(out, s)
	}
	return out
}
