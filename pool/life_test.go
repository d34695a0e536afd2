package pool_test

import (
	"errors"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"jpm/pool"
)

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
				if n := r.Snapshot().Recycles[pool.ReasonDenied]; n != 1 {
					t.Errorf("recycled for denied: %d, want 1", n)
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
