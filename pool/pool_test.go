package pool_test

import (
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"jpm/pool"
)

func diff(t *testing.T, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func TestStartAndServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(2))
		r.Up()
		diff(t, "calls after Up", r.s.take(), []string{"start 0/1", "start 1/1"})
		c := r.s.up(pool.ID{Slot: 1, Gen: 1})
		diff(t, "transitions", lines(r.o.take()), []string{"0/1 down>starting", "1/1 down>starting", "1/1 starting>idle"})

		h := &fakeHolder{}
		l := r.acquire(h)
		if id, pid := l.Worker(); id != (pool.ID{Slot: 1, Gen: 1}) || pid != 1001 {
			t.Errorf("Worker() = %v, %d, want slot 1 of generation 1, 1001", id, pid)
		}
		if l.Conn() != pool.Conn(c) || !l.Fresh() || l.Queued() != 0 || l.Reason() != pool.ReasonNone {
			t.Errorf("lease has conn %v, fresh %v, queued %v, reason %v", l.Conn(), l.Fresh(), l.Queued(), l.Reason())
		}
		l.Release(pool.Reuse)
		l = r.acquire(h)
		if l.Fresh() {
			t.Error("Fresh() = true on a connection that was used")
		}
		l.Release(pool.Reuse)
		if got := lines(r.o.take()); got != nil {
			t.Errorf("requests were announced as transitions: %v", got)
		}
		if h.failed() != nil {
			t.Errorf("holder was failed: %v", h.failed())
		}
		s := r.Snapshot()
		diff(t, "requests", s.Requests, pool.Requests{Accepted: 2, Served: 2})
		diff(t, "processes", s.Processes, pool.Processes{Idle: 1, Total: 2, Max: 2, MaxActive: 1})
		r.finish()
	})
}
