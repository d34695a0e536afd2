package pool_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
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
			l, err := r.AcquireWait(ctx, &fakeHolder{})
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
		if _, err := r.AcquireWait(t.Context(), nil); !errors.Is(err, pool.ErrQueueFull) {
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
		if _, err := r.AcquireWait(t.Context(), nil); !errors.Is(err, pool.ErrQueueFull) {
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
		l, err := p.AcquireWait(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, hangUp := context.WithCancel(t.Context())
		got := make(chan result, 1)
		go func() {
			l, err := p.AcquireWait(ctx, &fakeHolder{})
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
