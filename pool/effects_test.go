package pool_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"jpm/pool"
)

// callingBack is an Observer and Holder that uses the pool, as a careless one might.
type callingBack struct {
	pool  *pool.Pool
	lease *pool.Lease
}

func (c *callingBack) Transition(pool.Transition) { c.pool.Snapshot() }

func (c *callingBack) Fail(pool.Reason) { c.lease.Release(pool.Lost) }

// TestEffectsMayCallBack shows that no lock is held when the pool calls out.
func TestEffectsMayCallBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fakeStarter{alive: map[pool.ID]bool{}}
		o := &callingBack{}
		s.auto.Store(true)
		p := pool.New(testConfig(1), s, o)
		o.pool, s.pool = p, p
		p.Up()
		synctest.Wait()
		l, err := p.AcquireWait(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		o.lease = l
		p.Close()
		<-p.Done()
		if n := s.open(t); n != 0 {
			t.Errorf("%d connections are open", n)
		}
	})
}

// gate is an Observer that lets the pool go on when the test says so.
type gate struct {
	seen chan pool.Transition
	open chan struct{}
}

func (g *gate) Transition(t pool.Transition) {
	g.seen <- t
	<-g.open
}

// TestEffectsInOrder holds one call out of the pool up and lets more happen: the pool goes on, and the other calls come
// after it, one by one.
func TestEffectsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fakeStarter{alive: map[pool.ID]bool{}}
		o := &gate{make(chan pool.Transition, 10), make(chan struct{})}
		p := pool.New(testConfig(2), s, o)
		s.pool = p
		go p.Up()
		synctest.Wait()
		// Whoever comes while the observer is busy with the first transition is not held up.
		s.up(first)
		l, err := p.AcquireWait(t.Context(), &fakeHolder{})
		if err != nil {
			t.Fatal(err)
		}
		l.Release(pool.Violation)
		s.die(first, pool.Exit{})
		synctest.Wait()
		diff(t, "calls", s.take(), []string{"start 0/1"})
		var got []pool.Transition
		for len(got) < 6 {
			got = append(got, <-o.seen)
			if n := len(o.seen); n != 0 {
				t.Errorf("%d more transitions at once with the %dth", n, len(got))
			}
			o.open <- struct{}{}
			synctest.Wait()
		}
		diff(t, "transitions", lines(got), []string{"0/1 down>starting", "1/1 down>starting", "0/1 starting>idle",
			"0/1 busy>killing broken-protocol", "0/1 killing>down broken-protocol", "0/2 down>starting"})
		close(o.open)
		s.auto.Store(true)
		go p.Close()
		synctest.Wait()
		p.StartFailed(pool.ID{Slot: 1, Gen: 1}, errStart)
		p.StartFailed(next(first), errStart)
		<-p.Done()
	})
}

// TestManyAtOnce has more requests than the pool can take, workers that die all the time, and clients that leave.
func TestManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(4)
		cfg.Workers.MaxRequests = 7
		r := newAutoRig(t, cfg)
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				rng := rand.New(rand.NewPCG(uint64(i), 0))
				for range 300 {
					ctx, hangUp := context.WithTimeout(t.Context(), time.Duration(rng.IntN(20))*time.Millisecond)
					l, err := r.AcquireWait(ctx, &fakeHolder{})
					if err == nil {
						time.Sleep(time.Duration(rng.IntN(3)) * time.Millisecond)
						if id, _ := l.Worker(); rng.IntN(40) == 0 {
							r.s.die(id, pool.Exit{Signal: syscall.SIGKILL})
						}
						outcome := pool.Reuse
						if n := rng.IntN(40); n < 4 {
							outcome = []pool.Outcome{pool.Reconnect, pool.Stale, pool.Lost, pool.Violation}[n]
						}
						l.Release(outcome)
					}
					hangUp()
				}
			})
		}
		wg.Wait()
		time.Sleep(time.Minute)
		synctest.Wait()
		s := r.Snapshot()
		if s.Bugs != 0 || s.Processes.Idle != 4 || s.Queue.Length != 0 {
			t.Errorf("after the storm: %+v, queue %+v, %d bugs", s.Processes, s.Queue, s.Bugs)
		}
		t.Logf("requests %+v, queue %+v, %d connections", s.Requests, s.Queue, len(r.s.conns))
		if got := s.Requests.Served + s.Requests.Failed + s.Requests.Stale + s.Queue.Full + s.Queue.Timeouts + s.Queue.Abandoned; got != s.Requests.Accepted {
			t.Errorf("%d of %d requests are accounted for", got, s.Requests.Accepted)
		}
		if n := r.s.open(t); n != 4 {
			t.Errorf("%d connections are open, want 4", n)
		}
		state := map[uint16]pool.State{}
		for _, tr := range r.o.take() {
			if was := state[tr.ID.Slot]; was != tr.From && !(was == pool.Idle && tr.From == pool.Busy) {
				t.Fatalf("%v goes from %s, but it was last heard of as %s", tr.ID, tr.From, was)
			}
			state[tr.ID.Slot] = tr.To
		}
		r.finish()
	})
}

// diary is an Observer and Holder that keeps the order of what it hears.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) note(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

func (d *diary) Transition(t pool.Transition) { d.note(t.From.String() + ">" + t.To.String()) }

func (d *diary) Fail(r pool.Reason) { d.note("fail " + r.String()) }

// TestFailBeforeTransition shows that a holder knows that it has failed when a transition names it.
func TestFailBeforeTransition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fakeStarter{alive: map[pool.ID]bool{}}
		d := &diary{}
		p := pool.New(testConfig(1), s, d)
		s.pool = p
		p.Up()
		s.up(first)
		l, err := p.AcquireWait(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		s.die(first, pool.Exit{Signal: syscall.SIGSYS})
		l.Release(pool.Lost)
		synctest.Wait()
		diff(t, "order", d.lines, []string{"down>starting", "starting>idle", "fail denied", "busy>down"})
		p.Close()
		<-p.Done()
	})
}
