package pool_test

import (
	"errors"
	"fmt"
	"strings"
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

func TestMaxRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(1)
		cfg.Workers.MaxRequests = 3
		r := newRig(t, cfg)
		r.Up()
		c := r.s.up(first)
		for range 2 {
			r.acquire(nil).Release(pool.Reuse)
		}
		h := &fakeHolder{}
		l := r.acquire(h)
		r.s.take()
		r.o.take()
		l.Release(pool.Reuse)
		diff(t, "calls after the third", r.s.take(), []string{"term 0/1"})
		if c.closed.Load() != 1 {
			t.Error("the connection is open although the worker is to go")
		}
		ts := r.o.take()
		diff(t, "transitions", lines(ts), []string{"0/1 busy>stopping max-requests"})
		if ts[0].Holder != h {
			t.Errorf("holder %v, want the last request's", ts[0].Holder)
		}
		// It is deaf: killed after stop_timeout, and again if that does not help.
		pass(5 * time.Second)
		diff(t, "calls after stop_timeout", r.s.take(), []string{"kill 0/1"})
		pass(5 * time.Second)
		diff(t, "calls after that", r.s.take(), []string{"kill 0/1"})
		pass(5 * time.Second)
		diff(t, "calls after that", r.s.take(), []string{"kill 0/1"})
		r.s.die(first, pool.Exit{Signal: syscall.SIGKILL})
		ts = r.o.take()
		diff(t, "transitions", lines(ts), []string{
			"0/1 stopping>killing max-requests", "0/1 killing>killing max-requests", "0/1 killing>killing max-requests",
			"0/1 killing>down max-requests", "0/2 down>starting"})
		if ts[1].Err == nil || errors.Is(ts[1].Err, pool.ErrBug) {
			t.Errorf("a worker that survives a kill is announced with Err = %v", ts[1].Err)
		}
		if n := r.Snapshot().Recycles[pool.ReasonMaxRequests]; n != 1 {
			t.Errorf("recycled for max-requests: %d, want 1", n)
		}
		r.finish()
	})
}

func TestRequestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newAutoRig(t, testConfig(1))
		h := &fakeHolder{}
		l := r.acquire(h)
		r.s.take()
		r.o.take()
		pass(60*time.Second - 1)
		if got := h.failed(); got != nil {
			t.Fatalf("failed too early: %v", got)
		}
		pass(1)
		diff(t, "failures", h.failed(), []pool.Reason{pool.ReasonRequestTimeout})
		if l.Reason() != pool.ReasonRequestTimeout {
			t.Errorf("Reason() = %q, want request-timeout", l.Reason())
		}
		ts := r.o.take()
		diff(t, "transitions", lines(ts), []string{
			"0/1 busy>killing request-timeout", "0/1 killing>down request-timeout", "0/2 down>starting", "0/2 starting>idle"})
		if ts[0].Holder != h || ts[1].Holder != h || ts[2].Holder != nil {
			t.Error("the holder is not named by the transitions that concern it, or by others")
		}
		diff(t, "calls", r.s.take(), []string{"kill 0/1", "start 0/2"})
		// The next request has the next worker while the failed holder still holds its lease.
		l2 := r.acquire(&fakeHolder{})
		if l2 == l {
			t.Fatal("a failed lease is lent again before its release")
		}
		if l.Conn().(*fakeConn).closed.Load() != 0 {
			t.Error("the connection was closed under the holder")
		}
		l.Release(pool.Lost)
		if l.Conn().(*fakeConn).closed.Load() != 1 {
			t.Error("the connection of a failed lease is not closed by Release")
		}
		if id, _ := l2.Worker(); id != next(first) || l2.Reason() != pool.ReasonNone {
			t.Errorf("the next lease has worker %v, reason %q", id, l2.Reason())
		}
		l2.Release(pool.Reuse)
		diff(t, "requests", r.Snapshot().Requests, pool.Requests{Accepted: 2, Served: 1, Failed: 1})
		r.finish()
	})
}

func TestViolation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newAutoRig(t, testConfig(1))
		h := &fakeHolder{}
		l := r.acquire(h)
		r.s.take()
		r.o.take()
		l.Release(pool.Violation)
		diff(t, "calls", r.s.take(), []string{"kill 0/1", "start 0/2"})
		ts := r.o.take()
		diff(t, "transitions", lines(ts), []string{
			"0/1 busy>killing broken-protocol", "0/1 killing>down broken-protocol", "0/2 down>starting", "0/2 starting>idle"})
		if ts[0].Holder != h || ts[1].Holder != h {
			t.Error("the holder is not named")
		}
		if h.failed() != nil {
			t.Errorf("a holder that has released was failed: %v", h.failed())
		}
		// What the next process does is not that request's doing.
		r.s.die(next(first), pool.Exit{Signal: syscall.SIGSYS})
		if ts = r.o.take(); ts[0].Reason != pool.ReasonDenied || ts[0].Holder != nil {
			t.Errorf("the next process: %+v, want it denied without a holder", ts[0])
		}
		r.finish()
	})
}

// TestDenied looks for the request behind a SIGSYS, in whichever order the pool learns of things.
func TestDenied(t *testing.T) {
	sigsys := pool.Exit{Signal: syscall.SIGSYS, Core: true}
	tests := []struct {
		name  string
		do    func(r *rig, l *pool.Lease)
		known bool // the holder is named
	}{
		{"exit first", func(r *rig, l *pool.Lease) {
			r.s.die(first, sigsys)
			l.Release(pool.Lost)
		}, true},
		{"lost connection first", func(r *rig, l *pool.Lease) {
			l.Release(pool.Lost)
			r.s.die(first, sigsys)
		}, true},
		{"broken protocol first", func(r *rig, l *pool.Lease) {
			l.Release(pool.Violation)
			r.s.die(first, sigsys)
		}, true},
		{"client gone first", func(r *rig, l *pool.Lease) {
			l.Release(pool.Reconnect)
			r.s.die(first, sigsys)
		}, true},
		{"request timeout first", func(r *rig, l *pool.Lease) {
			pass(60 * time.Second)
			r.s.die(first, sigsys)
			l.Release(pool.Lost)
		}, true},
		{"close first", func(r *rig, l *pool.Lease) {
			r.Close()
			r.s.die(first, sigsys)
			l.Release(pool.Lost)
		}, true},
		{"right after the request", func(r *rig, l *pool.Lease) {
			l.Release(pool.Reuse)
			pass(time.Second - 1)
			r.s.die(first, sigsys)
		}, true},
		{"long after the request", func(r *rig, l *pool.Lease) {
			l.Release(pool.Reuse)
			pass(time.Second)
			r.s.die(first, sigsys)
		}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, testConfig(1))
				r.Up()
				r.s.up(first)
				h := &fakeHolder{}
				test.do(r, r.acquire(h))
				var down []pool.Transition
				for _, tr := range r.o.take() {
					if tr.To == pool.Down {
						down = append(down, tr)
					}
				}
				if len(down) != 1 || down[0].Reason != pool.ReasonDenied || down[0].Exit == nil || *down[0].Exit != sigsys {
					t.Fatalf("ends: %+v, want one, denied", down)
				}
				if known := down[0].Holder != nil; known != test.known || known && down[0].Holder != h {
					t.Errorf("holder = %v, want it named: %v", down[0].Holder, test.known)
				}
				if n := r.Snapshot().Incidents; n != 1 {
					t.Errorf("Incidents = %d, want 1", n)
				}
				r.finish()
			})
		})
	}
}

func TestReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(1))
		r.Up()
		c := r.s.up(first)
		l := r.acquire(&fakeHolder{})
		r.s.take()
		l.Release(pool.Reconnect)
		diff(t, "calls", r.s.take(), []string{"dial 0/1"})
		if c.closed.Load() != 1 {
			t.Error("the old connection is open")
		}
		diff(t, "processes", r.Snapshot().Processes, pool.Processes{Active: 1, Total: 1, Max: 1, MaxActive: 1})
		pass(30 * time.Second)
		c2 := r.s.conn(first)
		r.Dialed(first, c2, nil)
		l = r.acquire(&fakeHolder{})
		if l.Conn() != pool.Conn(c2) || !l.Fresh() {
			t.Errorf("lease has the connection %p, fresh %v, want %p, true", l.Conn(), l.Fresh(), c2)
		}
		l.Release(pool.Reuse)
		diff(t, "requests", r.Snapshot().Requests, pool.Requests{Accepted: 2, Served: 2})
		r.finish()
	})
}

// TestAbandonedRequestTimesOut has a worker that goes on with the script of a client that is gone: the request's
// deadline still holds for it.
func TestAbandonedRequestTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(1))
		r.Up()
		r.s.up(first)
		h := &fakeHolder{}
		l := r.acquire(h)
		pass(20 * time.Second)
		l.Release(pool.Reconnect)
		r.s.take()
		r.o.take()
		pass(40 * time.Second)
		diff(t, "calls", r.s.take(), []string{"kill 0/1"})
		ts := r.o.take()
		diff(t, "transitions", lines(ts), []string{"0/1 busy>killing request-timeout"})
		if ts[0].Holder != h || h.failed() != nil {
			t.Errorf("holder named: %v, failed: %v, want it named and not failed", ts[0].Holder, h.failed())
		}
		// The Dial comes through all the same.
		c := r.s.conn(first)
		r.Dialed(first, c, nil)
		synctest.Wait()
		if c.closed.Load() != 1 {
			t.Error("the connection of a killed worker is open")
		}
		r.finish()
	})
}

func TestStaleIsNotCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(1)
		cfg.Workers.MaxRequests = 1
		r := newRig(t, cfg)
		r.Up()
		r.s.up(first)
		r.s.take()
		for range 3 {
			r.acquire(nil).Release(pool.Stale)
			diff(t, "calls", r.s.take(), []string{"dial 0/1"})
			r.Dialed(first, r.s.conn(first), nil)
		}
		s := r.Snapshot()
		if s.Workers[0].Requests != 0 || s.Workers[0].State != pool.Idle {
			t.Errorf("after stale connections: %+v, want an idle worker without requests", s.Workers[0])
		}
		diff(t, "requests", s.Requests, pool.Requests{Accepted: 3, Stale: 3})
		// It has not shown that it can serve anything.
		r.o.take()
		r.s.die(first, pool.Exit{})
		diff(t, "transitions", lines(r.o.take()), []string{"0/1 idle>down exited 100ms"})
		r.finish()
	})
}

func TestFailedDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(1))
		r.Up()
		r.s.up(first)
		h := &fakeHolder{}
		r.acquire(h).Release(pool.Reconnect)
		r.s.take()
		r.o.take()
		refused := errors.New("connection refused")
		r.Dialed(first, nil, refused)
		diff(t, "calls", r.s.take(), []string{"term 0/1"})
		pass(5 * time.Second)
		diff(t, "calls after stop_timeout", r.s.take(), []string{"kill 0/1"})
		r.s.die(first, pool.Exit{Signal: syscall.SIGKILL})
		ts := r.o.take()
		diff(t, "transitions", lines(ts), []string{"0/1 busy>stopping lost", "0/1 stopping>killing lost", "0/1 killing>down lost 100ms"})
		if !errors.Is(ts[0].Err, refused) || ts[0].Holder != h {
			t.Errorf("Err = %v, Holder = %v, want the Dial's error and the holder", ts[0].Err, ts[0].Holder)
		}
		r.finish()
	})
}

// TestRetiringWaitsForDial has a worker that is to go, with a script that still runs for a client that is gone.
func TestRetiringWaitsForDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(1)
		cfg.Workers.MaxRequests = 1
		r := newRig(t, cfg)
		r.Up()
		r.s.up(first)
		l := r.acquire(nil)
		r.s.take()
		r.o.take()
		l.Release(pool.Reconnect)
		diff(t, "calls", r.s.take(), []string{"dial 0/1"})
		// That the pool closes meanwhile does not change why it goes.
		r.Drain()
		c := r.s.conn(first)
		r.Dialed(first, c, nil)
		diff(t, "calls after Dialed", r.s.take(), []string{"term 0/1"})
		diff(t, "transitions", lines(r.o.take()), []string{"0/1 busy>stopping max-requests"})
		if c.closed.Load() != 1 {
			t.Error("the new connection of a worker that goes is open")
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

func TestReleaseTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newAutoRig(t, testConfig(1))
		l := r.acquire(nil)
		l.Release(pool.Reuse)
		l.Release(pool.Lost)
		s := r.Snapshot()
		if s.Bugs != 1 || s.Processes.Idle != 1 {
			t.Errorf("after a second Release: %d bugs, %d idle, want 1, 1", s.Bugs, s.Processes.Idle)
		}
		r.finish()
	})
}

// TestDrain has one worker of each kind: idle, serving, finishing an abandoned request, starting.
func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(4))
		r.Up()
		ids := make([]pool.ID, 4)
		for i := range ids {
			ids[i] = pool.ID{Slot: uint16(i), Gen: 1}
		}
		for _, id := range ids[:3] {
			r.s.up(id)
		}
		h := &fakeHolder{}
		abandoned, serving := r.acquire(nil), r.acquire(h)
		abandoned.Release(pool.Reconnect)
		r.s.take()
		r.o.take()

		r.Drain()
		diff(t, "calls", r.s.take(), []string{"term 0/1"})
		if _, err := r.Acquire(t.Context(), nil); !errors.Is(err, pool.ErrClosed) {
			t.Errorf("Acquire = %v, want ErrClosed", err)
		}
		r.s.die(ids[0], pool.Exit{})
		r.s.up(ids[3])
		r.Dialed(ids[2], r.s.conn(ids[2]), nil)
		diff(t, "calls", r.s.take(), []string{"term 3/1", "term 2/1"})
		r.s.die(ids[2], pool.Exit{})
		r.s.die(ids[3], pool.Exit{})
		pass(50 * time.Second)
		select {
		case <-r.Done():
			t.Fatal("Done is closed while a request runs")
		default:
		}
		if h.failed() != nil {
			t.Fatalf("a draining pool failed a request: %v", h.failed())
		}
		serving.Release(pool.Reuse)
		diff(t, "calls", r.s.take(), []string{"term 1/1"})
		r.s.die(ids[1], pool.Exit{})
		<-r.Done()
		for _, line := range lines(r.o.take()) {
			if strings.Contains(line, ">") && !strings.HasSuffix(line, "shutdown") && !strings.HasSuffix(line, "starting>idle") {
				t.Errorf("transition %q, want shutdown", line)
			}
		}
		s := r.Snapshot()
		if !s.Draining || s.Recycles[pool.ReasonShutdown] != 4 || s.Requests.Refused != 1 {
			t.Errorf("snapshot has draining %v, %d shut down, %d refused, want true, 4, 1",
				s.Draining, s.Recycles[pool.ReasonShutdown], s.Requests.Refused)
		}
		r.Up()
		if calls := r.s.take(); calls != nil {
			t.Errorf("Up after Drain: %v", calls)
		}
		r.finish()
	})
}

func TestCloseFailsRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(3))
		r.Up()
		r.s.up(pool.ID{Slot: 0, Gen: 1})
		r.s.up(pool.ID{Slot: 1, Gen: 1})
		h := &fakeHolder{}
		l := r.acquire(h)
		r.s.take()
		r.Close()
		diff(t, "calls", r.s.take(), []string{"kill 0/1", "kill 1/1", "kill 2/1"})
		diff(t, "failures", h.failed(), []pool.Reason{pool.ReasonShutdown})
		l.Release(pool.Lost)
		r.Close()
		if calls := r.s.take(); calls != nil {
			t.Errorf("a second Close: %v", calls)
		}
		r.finish()
	})
}

// TestFirstCauseCounts closes a pool while a worker is on its way out for another reason.
func TestFirstCauseCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(1)
		cfg.Workers.MaxRequests = 1
		r := newRig(t, cfg)
		r.Up()
		r.s.up(first)
		r.acquire(nil).Release(pool.Reuse)
		r.o.take()
		r.Close()
		r.s.die(first, pool.Exit{Signal: syscall.SIGKILL})
		diff(t, "transitions", lines(r.o.take()), []string{"0/1 stopping>killing shutdown", "0/1 killing>down max-requests"})
		r.finish()
	})
}

// TestCloseWithoutWorkers closes a pool that never came up, and one whose worker waits for its next start.
func TestCloseWithoutWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(2))
		r.Drain()
		<-r.Done()
		r.finish()

		r = newRig(t, testConfig(1))
		r.Up()
		r.StartFailed(first, errStart)
		r.Drain()
		<-r.Done()
		r.s.take()
		pass(time.Minute)
		if calls := r.s.take(); calls != nil {
			t.Errorf("a closed pool starts workers: %v", calls)
		}
	})
}

// TestIdlePoolSleeps looks for a timer that runs without need.
func TestIdlePoolSleeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newAutoRig(t, testConfig(2))
		for range 3 {
			r.acquire(nil).Release(pool.Reuse)
		}
		pass(time.Minute)
		synctest.Wait()
		if armed := r.Armed(); armed {
			t.Error("an idle pool has a timer after the last deadline has passed")
		}
		r.finish()
	})
}
