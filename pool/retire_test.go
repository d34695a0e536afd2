package pool_test

import (
	"syscall"
	"testing"
	"testing/synctest"

	"jpm/pool"
)

// A worker that is told to go finishes its request first.
func TestRetire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(2))
		r.Up()
		second := pool.ID{Slot: 1, Gen: 1}
		r.s.up(first)
		r.s.up(second)
		l := r.acquire(nil)
		busy, _ := l.Worker()
		r.s.take()
		r.o.take()

		r.Retire(busy, pool.ReasonMemory)
		r.Retire(busy, pool.ReasonPids) // the first reason stands
		diff(t, "calls while it serves", r.s.take(), []string(nil))
		l.Release(pool.Reuse)
		diff(t, "calls after that", r.s.take(), []string{"term 1/1"})
		diff(t, "transitions", lines(r.o.take()), []string{"1/1 busy>stopping memory"})

		r.Retire(pool.ID{Slot: 0, Gen: 7}, pool.ReasonMemory)
		r.Retire(pool.ID{Slot: 9, Gen: 1}, pool.ReasonMemory)
		diff(t, "calls for workers that are not there", r.s.take(), []string(nil))
		r.Retire(first, pool.ReasonMemory)
		diff(t, "calls for an idle worker", r.s.take(), []string{"term 0/1"})
		r.finish()
	})
}

func TestIncidentsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(1))
		r.Up()
		id := first
		for _, exit := range []pool.Exit{
			{Signal: syscall.SIGKILL, OOM: true}, {Signal: syscall.SIGSYS}, {Signal: syscall.SIGSEGV}, {Code: 2, Refused: 1},
		} {
			r.s.up(id)
			r.acquire(nil).Release(pool.Reuse)
			r.s.die(id, exit)
			id.Gen++
		}
		r.CountIncident()
		s := r.Snapshot()
		if s.Incidents != 3 || s.Recycles[pool.ReasonMemory] != 1 || s.Recycles[pool.ReasonPids] != 1 || s.Recycles[pool.ReasonDenied] != 1 {
			t.Errorf("%d incidents, recycles %v, want 3 and one each for memory, pids and denied", s.Incidents, s.Recycles)
		}
		r.finish()
	})
}
