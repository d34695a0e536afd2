package pool_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"jpm/pool"
)

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
		if _, err := r.AcquireWait(t.Context(), nil); !errors.Is(err, pool.ErrClosed) {
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
