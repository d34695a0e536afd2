package pool_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"jpm/pool"
)

// result is what an Acquire came to.
type result struct {
	n     int
	lease *pool.Lease
	err   error
}

// queueUp lets n requests wait, in order, and returns where they tell their results.
func (r *rig) queueUp(ctx context.Context, n int) chan result {
	results := make(chan result, n)
	for i := range n {
		go func() {
			l, err := r.Acquire(ctx, &fakeHolder{})
			results <- result{i, l, err}
		}()
		synctest.Wait()
	}
	return results
}

func TestHandOverInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newAutoRig(t, testConfig(1))
		l := r.acquire(nil)
		results := r.queueUp(t.Context(), 5)
		if q := r.Snapshot().Queue; q.Length != 5 || q.MaxLength != 5 {
			t.Errorf("queue is %+v, want 5 long", q)
		}
		for i := range 5 {
			time.Sleep(100 * time.Millisecond)
			l.Release(pool.Reuse)
			got := <-results
			if got.n != i || got.err != nil {
				t.Fatalf("turn %d: request %d got %v", i, got.n, got.err)
			}
			if want := time.Duration(i+1) * 100 * time.Millisecond; got.lease.Queued() != want {
				t.Errorf("request %d: Queued() = %v, want %v", i, got.lease.Queued(), want)
			}
			l = got.lease
		}
		l.Release(pool.Reuse)
		s := r.Snapshot()
		if s.Processes.MaxChildrenReached != 1 || s.Queue.Length != 0 {
			t.Errorf("MaxChildrenReached = %d, queue %d, want 1, 0", s.Processes.MaxChildrenReached, s.Queue.Length)
		}
		// The next time is another time.
		l = r.acquire(nil)
		results = r.queueUp(t.Context(), 1)
		l.Release(pool.Reuse)
		(<-results).lease.Release(pool.Reuse)
		if n := r.Snapshot().Processes.MaxChildrenReached; n != 2 {
			t.Errorf("MaxChildrenReached = %d, want 2", n)
		}
		r.finish()
	})
}

// TestWarmestFirst checks the order of the stack, also after workers were taken out of its middle.
func TestWarmestFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newAutoRig(t, testConfig(4))
		leases := map[uint16]*pool.Lease{}
		for range 4 {
			l := r.acquire(nil)
			id, _ := l.Worker()
			leases[id.Slot] = l
		}
		for _, slot := range []uint16{2, 0, 3, 1} {
			leases[slot].Release(pool.Reuse)
		}
		r.s.auto.Store(false)
		r.s.die(pool.ID{Slot: 0, Gen: 1}, pool.Exit{})
		synctest.Wait()
		var got []uint16
		var again []*pool.Lease
		for range 3 {
			l := r.acquire(nil)
			id, _ := l.Worker()
			got = append(got, id.Slot)
			again = append(again, l)
		}
		diff(t, "order", got, []uint16{1, 3, 2})
		for _, l := range again {
			l.Release(pool.Reuse)
		}
		r.finish()
	})
}

func TestQueueFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(1)
		cfg.Queue.Length = 2
		r := newAutoRig(t, cfg)
		l := r.acquire(nil)
		results := r.queueUp(t.Context(), 2)
		if _, err := r.Acquire(t.Context(), nil); !errors.Is(err, pool.ErrQueueFull) {
			t.Errorf("Acquire = %v, want ErrQueueFull", err)
		}
		if q := r.Snapshot().Queue; q.Full != 1 || q.Length != 2 || q.Limit != 2 {
			t.Errorf("queue is %+v", q)
		}
		for range 2 {
			l.Release(pool.Reuse)
			l = (<-results).lease
		}
		l.Release(pool.Reuse)
		r.finish()
	})
}

func TestNoQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(1)
		cfg.Queue.Length = 0
		r := newAutoRig(t, cfg)
		l := r.acquire(nil)
		if _, err := r.Acquire(t.Context(), nil); !errors.Is(err, pool.ErrQueueFull) {
			t.Errorf("Acquire = %v, want ErrQueueFull", err)
		}
		l.Release(pool.Reuse)
		r.acquire(nil).Release(pool.Reuse)
		r.finish()
	})
}

func TestQueueTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newAutoRig(t, testConfig(1))
		l := r.acquire(nil)
		start := time.Now()
		early := r.queueUp(t.Context(), 2)
		time.Sleep(3 * time.Second)
		late := r.queueUp(t.Context(), 1)
		later := r.queueUp(t.Context(), 1)
		for range 2 {
			if got := <-early; !errors.Is(got.err, pool.ErrQueueTimeout) {
				t.Errorf("Acquire = %v, want ErrQueueTimeout", got.err)
			}
		}
		if waited := time.Since(start); waited != 5*time.Second {
			t.Errorf("gave up after %v, want 5s", waited)
		}
		l.Release(pool.Reuse)
		got := <-late
		if got.err != nil || got.lease.Queued() != 2*time.Second {
			t.Fatalf("the later request got %v, want a lease after 2 s", got.err)
		}
		if got := <-later; !errors.Is(got.err, pool.ErrQueueTimeout) || time.Since(start) != 8*time.Second {
			t.Errorf("Acquire = %v after %v, want ErrQueueTimeout after 8s", got.err, time.Since(start))
		}
		got.lease.Release(pool.Reuse)
		if q := r.Snapshot().Queue; q.Timeouts != 3 || q.Length != 0 {
			t.Errorf("queue is %+v, want 3 timeouts", q)
		}
		r.finish()
	})
}

// TestClientLeaves takes a client out of the middle of the queue: the others keep their turns and none is lost.
func TestClientLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newAutoRig(t, testConfig(1))
		l := r.acquire(nil)
		before := r.queueUp(t.Context(), 1)
		ctx, hangUp := context.WithCancel(t.Context())
		leaves := r.queueUp(ctx, 1)
		after := r.queueUp(t.Context(), 1)
		hangUp()
		if got := <-leaves; !errors.Is(got.err, context.Canceled) {
			t.Errorf("Acquire = %v, want canceled", got.err)
		}
		for _, results := range []chan result{before, after} {
			l.Release(pool.Reuse)
			got := <-results
			if got.err != nil {
				t.Fatalf("Acquire = %v, want a lease", got.err)
			}
			l = got.lease
		}
		l.Release(pool.Reuse)
		if q := r.Snapshot().Queue; q.Abandoned != 1 {
			t.Errorf("Abandoned = %d, want 1", q.Abandoned)
		}
		r.finish()
	})
}

// TestLeavingRacesWithHandOver cancels a waiting request at the moment a worker comes free, again and again. Whoever
// wins, the worker must be there for the next one.
func TestLeavingRacesWithHandOver(t *testing.T) {
	p, done := idlePool(1)
	defer done()
	wins := map[bool]int{}
	for range 2000 {
		l, err := p.Acquire(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, hangUp := context.WithCancel(t.Context())
		got := make(chan result, 1)
		go func() {
			l, err := p.Acquire(ctx, &fakeHolder{})
			got <- result{0, l, err}
		}()
		for p.Snapshot().Queue.Length == 0 {
			runtime.Gosched()
		}
		var both sync.WaitGroup
		both.Go(hangUp)
		both.Go(func() { l.Release(pool.Reuse) })
		both.Wait()
		res := <-got
		wins[res.err == nil]++
		if res.err == nil {
			res.lease.Release(pool.Reuse)
		} else if !errors.Is(res.err, context.Canceled) {
			t.Fatal(res.err)
		}
		if s := p.Snapshot(); s.Processes.Idle != 1 || s.Queue.Length != 0 {
			t.Fatalf("the worker is lost: %+v", s.Processes)
		}
	}
	t.Logf("served %d, left %d", wins[true], wins[false])
}

// TestGrantNobodyTakes makes that race come out both ways: the request has been granted the worker, its client has left,
// and select takes either.
func TestGrantNobodyTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(1)
		cfg.Workers.MaxRequests = 2
		left := 0
		for range 50 {
			r := newAutoRig(t, cfg)
			l := r.acquire(nil)
			wait := r.Enqueue(&fakeHolder{})
			l.Release(pool.Reuse)
			ctx, hangUp := context.WithCancel(t.Context())
			hangUp()
			l, err := wait(ctx)
			if err != nil {
				left++
				// The worker is there, has served one request, and may serve one more.
				if n := r.Snapshot().Workers[0].Requests; n != 1 {
					t.Fatalf("the worker has had %d requests, want 1", n)
				}
				l = r.acquire(nil)
			}
			if id, _ := l.Worker(); id != first {
				t.Fatalf("the worker was replaced: %v", id)
			}
			l.Release(pool.Reuse)
			if n := len(slices.DeleteFunc(r.s.take(), func(c string) bool { return c != "term 0/1" })); n != 1 {
				t.Fatalf("after two requests: %d terms, want 1", n)
			}
			r.finish()
		}
		if left == 0 || left == 50 {
			t.Errorf("the request had left in %d of 50 runs", left)
		}
	})
}

// TestGrantNobodyTakesFails has the worker die after it was granted and before anybody noticed.
func TestGrantNobodyTakesFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 20 {
			r := newAutoRig(t, testConfig(1))
			l := r.acquire(nil)
			h := &fakeHolder{}
			wait := r.Enqueue(h)
			l.Release(pool.Reuse)
			r.s.die(first, pool.Exit{Code: 1})
			diff(t, "failures", h.failed(), []pool.Reason{pool.ReasonExited})
			ctx, hangUp := context.WithCancel(t.Context())
			hangUp()
			if l, err := wait(ctx); err == nil {
				if l.Reason() != pool.ReasonExited {
					t.Errorf("Reason() = %q, want exited", l.Reason())
				}
				l.Release(pool.Lost)
			}
			r.finish()
		}
	})
}

// TestQueueOfClosingPool ends the wait of those who wait.
func TestQueueOfClosingPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newAutoRig(t, testConfig(1))
		l := r.acquire(nil)
		results := r.queueUp(t.Context(), 3)
		r.Drain()
		for range 3 {
			if got := <-results; !errors.Is(got.err, pool.ErrClosed) {
				t.Errorf("Acquire = %v, want ErrClosed", got.err)
			}
		}
		l.Release(pool.Reuse)
		r.finish()
	})
}

// TestRequestsBeforeUp wait for the first worker, and that is not a limit set too low.
func TestRequestsBeforeUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(1))
		results := r.queueUp(t.Context(), 1)
		r.Up()
		during := r.queueUp(t.Context(), 1)
		r.s.up(first)
		for _, results := range []chan result{results, during} {
			got := <-results
			if got.err != nil {
				t.Fatalf("Acquire = %v, want a lease", got.err)
			}
			got.lease.Release(pool.Reuse)
		}
		r.finish()

		r = newRig(t, testConfig(1))
		r.Up()
		results = r.queueUp(t.Context(), 1)
		r.s.up(first)
		(<-results).lease.Release(pool.Reuse)
		if n := r.Snapshot().Processes.MaxChildrenReached; n != 0 {
			t.Errorf("MaxChildrenReached = %d, want 0", n)
		}
		r.finish()
	})
}

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
		l, err := p.Acquire(t.Context(), o)
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
		l, err := p.Acquire(t.Context(), &fakeHolder{})
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
					l, err := r.Acquire(ctx, &fakeHolder{})
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
