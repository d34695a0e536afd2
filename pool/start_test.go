package pool_test

import (
	"errors"
	"fmt"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"jpm/pool"
)

// first is the first process of slot 0.
var first = pool.ID{Slot: 0, Gen: 1}

// pass lets time go by, and what is due then happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func next(id pool.ID) pool.ID { return pool.ID{Slot: id.Slot, Gen: id.Gen + 1} }

func TestStartTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(1))
		r.Up()
		pass(10*time.Second - 1)
		diff(t, "calls before the timeout", r.s.take(), []string{"start 0/1"})
		pass(1)
		diff(t, "calls after it", r.s.take(), []string{"kill 0/1"})
		r.StartFailed(first, errors.New("called off"))
		diff(t, "transitions", lines(r.o.take()), []string{
			"0/1 down>starting", "0/1 starting>killing start-timeout", "0/1 killing>down start-timeout 100ms"})
		if n := r.Snapshot().StartFailures; n != 1 {
			t.Errorf("StartFailures = %d, want 1", n)
		}
		pass(100 * time.Millisecond)
		diff(t, "calls after the back-off", r.s.take(), []string{"start 0/2"})
		r.finish()
	})
}

// TestStartsTooLate has a process come up after its start was called off: it must go, with its connection.
func TestStartsTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(1))
		r.Up()
		pass(11 * time.Second)
		r.s.take()
		c := r.s.up(first)
		diff(t, "calls", r.s.take(), []string{"kill 0/1"})
		if c.closed.Load() != 1 {
			t.Error("the connection is open")
		}
		r.s.die(first, pool.Exit{Signal: syscall.SIGKILL})
		got := lines(r.o.take())
		if last := got[len(got)-1]; last != "0/1 killing>down start-timeout 100ms" {
			t.Errorf("last transition is %s, want a start-timeout", last)
		}
		r.finish()
	})
}

func TestStartFailureBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(1))
		r.Up()
		id := first
		for _, want := range []string{"100ms", "200ms", "400ms", "800ms", "1.6s", "3.2s", "6.4s", "12.8s", "25.6s", "30s", "30s"} {
			delay, _ := time.ParseDuration(want)
			diff(t, "calls", r.s.take(), []string{fmt.Sprintf("start 0/%d", id.Gen)})
			r.o.take()
			r.StartFailed(id, errStart)
			ts := r.o.take()
			if len(ts) != 1 || ts[0].To != pool.Down || ts[0].Reason != pool.ReasonStartFailed || ts[0].Backoff != delay || !errors.Is(ts[0].Err, errStart) {
				t.Fatalf("failure %d: transitions %+v, want one down with back-off %v", id.Gen, ts, delay)
			}
			pass(delay - 1)
			if calls := r.s.take(); calls != nil {
				t.Fatalf("failure %d: %v before the back-off is over", id.Gen, calls)
			}
			pass(1)
			id = next(id)
		}
		r.finish()
	})
}

// TestCrashLoop lets each process die while it is idle, without having served anything.
func TestCrashLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(1))
		r.Up()
		id := first
		for _, delay := range []time.Duration{100, 200, 400, 800} {
			r.s.up(id)
			r.o.take()
			r.s.die(id, pool.Exit{Signal: syscall.SIGSEGV, Core: true})
			ts := r.o.take()
			if len(ts) != 1 || ts[0].Backoff != delay*time.Millisecond || ts[0].Reason != pool.ReasonSignaled ||
				ts[0].Exit == nil || !ts[0].Exit.Core || ts[0].Pid != pidOf(id) || ts[0].Holder != nil {
				t.Fatalf("transitions %+v, want one down, signaled, with back-off %v ms", ts, delay)
			}
			pass(delay * time.Millisecond)
			id = next(id)
		}
		r.s.up(id)
		r.acquire(nil).Release(pool.Reuse)
		r.s.take()
		r.o.take()
		r.s.die(id, pool.Exit{Code: 3})
		diff(t, "transitions after a request", lines(r.o.take()), []string{
			fmt.Sprintf("0/%d idle>down exited", id.Gen), fmt.Sprintf("0/%d down>starting", id.Gen+1)})
		// The request has also paid off what the slot owed.
		id = next(id)
		r.s.up(id)
		r.o.take()
		r.s.die(id, pool.Exit{})
		diff(t, "transitions after it", lines(r.o.take()), []string{fmt.Sprintf("0/%d idle>down exited 100ms", id.Gen)})
		r.finish()
	})
}

// TestCrashOfFirstRequest bounds the back-off of a worker that each time dies of what it is asked.
func TestCrashOfFirstRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(1))
		r.Up()
		id := first
		for _, delay := range []time.Duration{100, 200, 400, 800, 1000, 1000} {
			r.s.up(id)
			l := r.acquire(&fakeHolder{})
			r.o.take()
			if id.Gen%2 == 0 {
				l.Release(pool.Lost)
				r.s.die(id, pool.Exit{Signal: syscall.SIGSEGV})
			} else {
				r.s.die(id, pool.Exit{Signal: syscall.SIGSEGV})
				l.Release(pool.Lost)
			}
			ts := r.o.take()
			last := ts[len(ts)-1]
			if last.Backoff != delay*time.Millisecond || last.Reason != pool.ReasonSignaled {
				t.Fatalf("death %d: %+v, want signaled with back-off %v ms", id.Gen, last, delay)
			}
			pass(delay * time.Millisecond)
			id = next(id)
		}
		r.finish()
	})
}

func TestStaleEventsAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(1))
		r.Up()
		r.s.up(first)
		r.s.die(first, pool.Exit{})
		pass(100 * time.Millisecond)
		second := next(first)
		r.s.up(second)
		r.o.take()
		before := r.Snapshot()
		lateStart, lateDial, none := r.s.conn(first), r.s.conn(first), r.s.conn(first)
		r.Started(first, pool.Process{Pid: 1, Conn: lateStart})
		r.StartFailed(first, errStart)
		r.Dialed(first, lateDial, nil)
		r.Dialed(first, nil, errStart)
		r.Exited(first, pool.Exit{})
		r.Started(pool.ID{Slot: 7, Gen: 1}, pool.Process{Pid: 1, Conn: none})
		if got := lines(r.o.take()); got != nil {
			t.Errorf("stale events were heard: %v", got)
		}
		diff(t, "snapshot", r.Snapshot(), before)
		for _, c := range []*fakeConn{lateStart, lateDial, none} {
			if c.closed.Load() != 1 {
				t.Error("the connection of a stale event is open")
			}
		}
		r.finish()
	})
}

// TestBugsAreReported brings events that cannot happen, of the present generation.
func TestBugsAreReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(1))
		r.Up()
		r.s.up(first)
		r.o.take()
		for i, bring := range []func(){
			func() { r.Started(first, pool.Process{Pid: 5, Conn: r.s.conn(first)}) },
			func() { r.StartFailed(first, errStart) },
			func() { r.Dialed(first, r.s.conn(first), nil) },
			func() { r.Dialed(first, nil, errStart) },
		} {
			bring()
			ts := r.o.take()
			if len(ts) != 1 || !errors.Is(ts[0].Err, pool.ErrBug) || ts[0].From != pool.Idle || ts[0].To != pool.Idle {
				t.Errorf("event %d: transitions %+v, want one bug", i, ts)
			}
		}
		if n := r.Snapshot().Bugs; n != 4 {
			t.Errorf("Bugs = %d, want 4", n)
		}
		if n := r.s.open(t); n != 1 {
			t.Errorf("%d connections are open, want the worker's", n)
		}
		// A process of a slot that is down must not live.
		r.s.die(first, pool.Exit{})
		r.s.take()
		r.Started(first, pool.Process{Pid: 5, Conn: r.s.conn(first)})
		diff(t, "calls", r.s.take(), []string{"kill 0/1"})
		r.acquireAfterBugs()
		r.finish()
	})
}

// acquireAfterBugs checks that the pool still works.
func (r *rig) acquireAfterBugs() {
	r.t.Helper()
	pass(100 * time.Millisecond)
	r.s.up(next(first))
	r.acquire(nil).Release(pool.Reuse)
}
