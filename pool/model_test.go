package pool_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"jpm/pool"
)

// world is what the model test knows to be true of the processes and requests around a pool, and what it checks the
// pool's doings against. It is the pool's Starter and Observer.
type world struct {
	t    *testing.T
	pool *pool.Pool
	max  int

	mu    sync.Mutex
	procs map[uint16]*proc
	state map[uint16]pool.State // as the transitions tell
	conns []*fakeConn
	open  map[*request]bool // requests that have asked and are not answered
	held  []*request
	ends  struct{ leases, fails int }
}

// proc is one process, from Start to its exit.
type proc struct {
	id      pool.ID
	up      bool
	dialing bool
	dying   bool // was killed or asked to go; it will end when the test says so
}

// request is one call of Acquire.
type request struct {
	w      *world
	cancel context.CancelFunc
	lease  *pool.Lease
	fails  int
}

func (r *request) Fail(reason pool.Reason) {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	r.fails++
	r.w.ends.fails++
	if r.fails > 1 {
		r.w.t.Errorf("a request was failed %d times", r.fails)
	}
	if reason == pool.ReasonNone {
		r.w.t.Error("a request was failed for no reason")
	}
}

func (w *world) Start(id pool.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if old := w.procs[id.Slot]; old != nil {
		w.t.Errorf("Start(%v) while %v is there", id, old.id)
	}
	if len(w.procs) >= w.max {
		w.t.Errorf("Start(%v) makes more than %d processes", id, w.max)
	}
	w.procs[id.Slot] = &proc{id: id}
}

// find returns the process a call is for. It may have ended while the call was on its way.
func (w *world) find(id pool.ID) *proc {
	if p := w.procs[id.Slot]; p != nil && p.id == id {
		return p
	}
	return &proc{}
}

func (w *world) Dial(id pool.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.find(id).dialing = true
}

func (w *world) Term(id pool.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.find(id).dying = true
}

func (w *world) Kill(id pool.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.find(id).dying = true
}

func (w *world) Transition(tr pool.Transition) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if tr.Err != nil && errors.Is(tr.Err, pool.ErrBug) {
		w.t.Errorf("%+v", tr)
	}
	was := w.state[tr.ID.Slot]
	// Idle and busy take turns without a word.
	if was != tr.From && !(was == pool.Idle && tr.From == pool.Busy) {
		w.t.Errorf("%v goes from %s to %s, but it was last heard of as %s", tr.ID, tr.From, tr.To, was)
	}
	w.state[tr.ID.Slot] = tr.To
}

func (w *world) newConn(id pool.ID) *fakeConn {
	c := &fakeConn{id: id}
	w.conns = append(w.conns, c)
	return c
}

// pick returns one of the processes that fit, nil if none does.
func (w *world) pick(rng *rand.Rand, fits func(*proc) bool) *proc {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []*proc
	for _, p := range w.procs {
		if fits(p) {
			all = append(all, p)
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.SortFunc(all, func(a, b *proc) int { return int(a.id.Slot) - int(b.id.Slot) })
	return all[rng.IntN(len(all))]
}

func (w *world) end(p *proc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.procs, p.id.Slot)
}

// ask sends a request.
func (w *world) ask() {
	ctx, cancel := context.WithCancel(context.Background())
	r := &request{w: w, cancel: cancel}
	w.mu.Lock()
	w.open[r] = true
	w.mu.Unlock()
	go func() {
		lease, err := w.pool.AcquireWait(ctx, r)
		w.mu.Lock()
		defer w.mu.Unlock()
		if !w.open[r] {
			w.t.Error("an Acquire ended twice")
		}
		delete(w.open, r)
		if (lease == nil) == (err == nil) {
			w.t.Errorf("Acquire = %v, %v", lease, err)
		}
		if err != nil {
			cancel()
			return
		}
		r.lease = lease
		id, _ := lease.Worker()
		p := w.procs[id.Slot]
		if alive := p != nil && p.id == id; !alive && lease.Reason() == pool.ReasonNone {
			w.t.Errorf("a lease on %v, which is dead", id)
		}
		if lease.Conn().(*fakeConn).closed.Load() != 0 {
			w.t.Errorf("a lease on %v with a closed connection", id)
		}
		w.ends.leases++
		w.held = append(w.held, r)
	}()
}

// release ends one of the leases that are held.
func (w *world) release(rng *rand.Rand) {
	w.mu.Lock()
	if len(w.held) == 0 {
		w.mu.Unlock()
		return
	}
	i := rng.IntN(len(w.held))
	r := w.held[i]
	w.held = slices.Delete(w.held, i, i+1)
	w.mu.Unlock()
	c := r.lease.Conn().(*fakeConn)
	if c.closed.Load() != 0 {
		w.t.Error("a connection was closed under its holder")
	}
	outcome := pool.Reuse
	if n := rng.IntN(20); n < 4 {
		outcome = []pool.Outcome{pool.Reconnect, pool.Stale, pool.Lost, pool.Violation}[n]
	}
	r.lease.Release(outcome)
	r.cancel()
}

// step makes one random thing happen.
func (w *world) step(rng *rand.Rand) {
	switch n := rng.IntN(100); {
	case n < 30:
		w.ask()
	case n < 58:
		w.release(rng)
	case n < 70:
		if p := w.pick(rng, func(p *proc) bool { return !p.up }); p != nil {
			if rng.IntN(6) == 0 {
				w.end(p)
				w.pool.StartFailed(p.id, errStart)
				return
			}
			w.mu.Lock()
			p.up = true
			c := w.newConn(p.id)
			w.mu.Unlock()
			w.pool.Started(p.id, pool.Process{Pid: pidOf(p.id), Conn: c})
		}
	case n < 78:
		if p := w.pick(rng, func(p *proc) bool { return p.dialing }); p != nil {
			w.mu.Lock()
			p.dialing = false
			c := w.newConn(p.id)
			w.mu.Unlock()
			if rng.IntN(6) == 0 {
				_ = c.Close()
				w.pool.Dialed(p.id, nil, errStart)
				return
			}
			w.pool.Dialed(p.id, c, nil)
		}
	case n < 86:
		if p := w.pick(rng, func(p *proc) bool { return p.up && p.dying }); p != nil {
			w.end(p)
			w.pool.Exited(p.id, pool.Exit{Signal: syscall.SIGKILL})
		}
	case n < 89:
		if p := w.pick(rng, func(p *proc) bool { return p.up }); p != nil {
			w.end(p)
			w.pool.Exited(p.id, pool.Exit{Signal: []syscall.Signal{0, syscall.SIGSEGV, syscall.SIGSYS}[rng.IntN(3)]})
		}
	case n < 93:
		w.mu.Lock()
		var all []*request
		for r := range w.open {
			all = append(all, r)
		}
		w.mu.Unlock()
		if len(all) > 0 {
			// Which one does not matter to what is checked, so the map's order may choose.
			all[0].cancel()
		}
	case n < 99:
		time.Sleep(time.Duration(rng.IntN(300)) * time.Millisecond)
	default:
		time.Sleep(time.Duration(rng.IntN(20)) * time.Second)
	}
}

// check compares the pool with the world when nothing is on its way.
func (w *world) check(step int) bool {
	synctest.Wait()
	s := w.pool.Snapshot()
	w.mu.Lock()
	defer w.mu.Unlock()
	var wrong []string
	note := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if s.Bugs != 0 {
		note("%d bugs", s.Bugs)
	}
	for _, v := range s.Workers {
		p := w.procs[v.Slot]
		if (v.State != pool.Down) != (p != nil) {
			note("slot %d is %s, its process is there: %v", v.Slot, v.State, p != nil)
		}
		if heard := w.state[v.Slot]; heard != v.State && !(heard == pool.Idle && v.State == pool.Busy) {
			note("slot %d is %s, its last transition was to %s", v.Slot, v.State, heard)
		}
	}
	live, failed := 0, 0
	for _, r := range w.held {
		if r.lease.Reason() == pool.ReasonNone {
			live++
		} else {
			failed++
		}
		if (r.fails == 0) != (r.lease.Reason() == pool.ReasonNone) {
			note("a lease with reason %q was failed %d times", r.lease.Reason(), r.fails)
		}
	}
	dialing := 0
	for _, v := range s.Workers {
		if p := w.procs[v.Slot]; v.State == pool.Busy && p.dialing {
			dialing++
		}
	}
	if s.Processes.Active != live+dialing {
		note("%d workers are busy, for %d leases and %d dials", s.Processes.Active, live, dialing)
	}
	if s.Queue.Length != len(w.open) {
		note("%d requests wait in the queue, %d in the world", s.Queue.Length, len(w.open))
	}
	if s.Queue.Length > 0 && s.Processes.Idle > 0 {
		note("%d requests wait while %d workers are idle", s.Queue.Length, s.Processes.Idle)
	}
	open := 0
	for _, c := range w.conns {
		switch n := c.closed.Load(); {
		case n == 0:
			open++
		case n > 1:
			note("a connection was closed %d times", n)
		}
	}
	if want := s.Processes.Idle + live + failed; open != want {
		note("%d connections are open, want %d", open, want)
	}
	w.conns = slices.DeleteFunc(w.conns, func(c *fakeConn) bool { return c.closed.Load() != 0 })
	if got := s.Requests.Served + s.Requests.Failed + s.Requests.Stale + s.Requests.Refused + s.Queue.Full + s.Queue.Timeouts +
		s.Queue.Abandoned + uint64(live+s.Queue.Length); got != s.Requests.Accepted {
		note("%d of %d requests are accounted for", got, s.Requests.Accepted)
	}
	if s.Requests.Failed < uint64(w.ends.fails) {
		note("%d requests were failed, %d are counted", w.ends.fails, s.Requests.Failed)
	}
	for _, line := range wrong {
		w.t.Errorf("step %d: %s", step, line)
	}
	return len(wrong) == 0 && !w.t.Failed()
}

// TestModel drives a pool with random events and checks after each that it agrees with the world: never too many
// processes, no lease on a dead one, each Acquire ended and each request accounted for once, no worker, request or
// connection lost, no event that cannot happen.
func TestModel(t *testing.T) {
	seeds := []uint64{1, 2, 3, 4, 5}
	steps := 20_000
	if testing.Short() {
		steps = 2_000
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { runModel(t, seed, steps) })
		})
	}
}

func runModel(t *testing.T, seed uint64, steps int) {
	t.Logf("seed %d, %d steps", seed, steps)
	rng := rand.New(rand.NewPCG(seed, 0))
	cfg := testConfig(1 + int(seed)%5)
	cfg.Workers.MaxRequests = 5
	cfg.Queue.Length = 4
	cfg.Request.Timeout = 8 * time.Second
	w := &world{t: t, max: cfg.Workers.Max, procs: map[uint16]*proc{}, state: map[uint16]pool.State{}, open: map[*request]bool{}}
	w.pool = pool.New(cfg, w, w)
	w.pool.Up()
	for i := range steps {
		w.step(rng)
		if !w.check(i) {
			t.Fatalf("seed %d fails at step %d", seed, i)
		}
	}
	s := w.pool.Snapshot()
	if s.Requests.Served < uint64(steps/50) || s.Requests.Failed == 0 || s.Requests.Stale == 0 || s.Queue.Full == 0 ||
		s.Queue.Timeouts == 0 || s.Queue.Abandoned == 0 || s.Recycles[pool.ReasonDenied] == 0 || s.StartFailures == 0 ||
		s.Recycles[pool.ReasonMaxRequests] == 0 || s.Recycles[pool.ReasonRequestTimeout] == 0 {
		t.Errorf("the run did not touch everything: %+v", s)
	}
	// Half of the seeds go gently, the others at once.
	if seed%2 == 0 {
		w.pool.Drain()
	} else {
		w.pool.Close()
	}
	for ended := false; !ended; {
		select {
		case <-w.pool.Done():
			ended = true
		default:
			w.step(rng)
			w.check(steps)
		}
	}
	for len(w.held) > 0 {
		w.release(rng)
	}
	synctest.Wait()
	if n := len(w.procs); n != 0 {
		t.Errorf("Done with %d processes left", n)
	}
	for _, c := range w.conns {
		if c.closed.Load() != 1 {
			t.Error("Done with an open connection")
		}
	}
}
