package pool_test

import (
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"jpm/pool"
)

// Retire waits for the request and then replaces the worker, without a back-off, for the reason it was given.
func TestRetire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(1))
		r.Up()
		r.s.up(first)
		h := &fakeHolder{}
		l := r.acquire(h)
		r.s.take()
		r.o.take()
		r.Retire(first, pool.ReasonDenied)
		r.Retire(first, pool.ReasonMaxRequests) // the first reason stays
		r.Retire(pool.ID{Slot: 0, Gen: 7}, pool.ReasonDenied)
		r.Retire(pool.ID{Slot: 9, Gen: 1}, pool.ReasonDenied)
		if calls := r.s.take(); len(calls) != 0 || h.failed() != nil {
			t.Errorf("a busy worker was not left alone: %q, %v", calls, h.failed())
		}
		l.Release(pool.Reuse)
		diff(t, "calls", r.s.take(), []string{"term 0/1"})
		r.s.die(first, pool.Exit{})
		diff(t, "transitions", lines(r.o.take()), []string{"0/1 busy>stopping denied", "0/1 stopping>down denied", "0/2 down>starting"})
		if n := r.Snapshot().Recycles[pool.ReasonDenied]; n != 1 {
			t.Errorf("recycled for denied: %d, want 1", n)
		}
		// An idle one goes at once.
		r.s.up(pool.ID{Slot: 0, Gen: 2})
		r.s.take()
		r.Retire(pool.ID{Slot: 0, Gen: 2}, pool.ReasonDenied)
		diff(t, "calls", r.s.take(), []string{"term 0/2"})
		r.finish()
	})
}

// Kill does not wait: the request fails.
func TestKill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(1))
		r.Up()
		r.s.up(first)
		h := &fakeHolder{}
		l := r.acquire(h)
		r.s.take()
		r.o.take()
		r.Kill(first, pool.ReasonDenied)
		diff(t, "calls", r.s.take(), []string{"kill 0/1"})
		if why := h.failed(); len(why) != 1 || why[0] != pool.ReasonDenied {
			t.Errorf("the request failed for %v, want denied", why)
		}
		l.Release(pool.Lost)
		r.s.die(first, pool.Exit{Signal: syscall.SIGKILL})
		diff(t, "transitions", lines(r.o.take()), []string{"0/1 busy>killing denied", "0/1 killing>down denied", "0/2 down>starting"})
		r.finish()
	})
}

// before is so long ago, as another process tells it.
func before(ago time.Duration) time.Time { return time.Now().Add(-ago).Round(0) }

// Served finds whom the worker served at a time, some requests back.
func TestServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(1))
		r.Up()
		r.s.up(first)
		is := func(what string, ago time.Duration, want pool.Holder, leases int) {
			t.Helper()
			if h, pid, n := r.Served(first, before(ago)); h != want || pid != pidOf(first) || n != leases {
				t.Errorf("%s: %v, pid %d, %d leases, want %v and %d", what, h, pid, n, want, leases)
			}
		}
		is("before the first", 0, nil, 0)
		var all []*fakeHolder
		const n = pool.PastLeast + 3
		for i := range n {
			time.Sleep(time.Second)
			h := &fakeHolder{}
			all = append(all, h)
			l := r.acquire(h)
			time.Sleep(time.Second)
			is("while it runs", 0, h, i+1)
			is("from the future", -time.Hour, h, i+1)
			if i > 0 {
				is("before it began", 1500*time.Millisecond, all[i-1], i+1)
			}
			l.Release(pool.Reuse)
			is("after it", 0, h, i+1)
		}
		is("one back", 1500*time.Millisecond, all[n-2], n)
		is("the last that is remembered", pool.PastLeast*2*time.Second, all[n-1-pool.PastLeast], n)
		is("one more", (pool.PastLeast+1)*2*time.Second, nil, n)
		r.s.die(first, pool.Exit{})
		if h, pid, n := r.Served(first, before(0)); h != nil || pid != 0 || n != 0 {
			t.Errorf("of a worker that is gone: %v, %d, %d", h, pid, n)
		}
		r.s.up(pool.ID{Slot: 0, Gen: 2})
		if h, _, n := r.Served(pool.ID{Slot: 0, Gen: 2}, before(9*time.Second)); h != nil || n != 0 {
			t.Errorf("of a new worker: %v, %d", h, n)
		}
		if h, pid, _ := r.Served(pool.ID{Slot: 5}, before(0)); h != nil || pid != 0 {
			t.Errorf("of no worker: %v, %d", h, pid)
		}
		r.finish()
	})
}

// However fast leases follow each other, Served finds those of the last second, of which it knows so many at most.
func TestServedLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(1))
		r.Up()
		r.s.up(first)
		var all []*fakeHolder
		for range 3 * pool.PastMost {
			h := &fakeHolder{}
			all = append(all, h)
			r.acquire(h).Release(pool.Reuse)
			time.Sleep(time.Millisecond)
			for _, ago := range []int{1, 2, 10, 100, 999} { // before now, in leases and in milliseconds
				if n := len(all); n >= ago {
					if got, _, _ := r.Served(first, before(time.Duration(ago)*time.Millisecond)); got != all[n-ago] {
						t.Fatalf("after %d leases, %d ago: %v, want %v", n, ago, got, all[n-ago])
					}
				}
			}
		}
		for range 10 * pool.PastMost {
			r.acquire(&fakeHolder{}).Release(pool.Reuse)
			time.Sleep(time.Microsecond)
		}
		if h, _, _ := r.Served(first, before(100*time.Millisecond)); h != nil {
			t.Errorf("more than %d leases are remembered: %v", pool.PastMost, h)
		}
		r.finish()
	})
}
