package pool_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"jpm/pool"
)

// pace is how many workers of a new pool may be starting at the same time.
var pace = max(4, 2*runtime.NumCPU())

// startsOf are the calls of Start for these slots.
func startsOf(gen, from, to int) []string {
	var calls []string
	for slot := from; slot < to; slot++ {
		calls = append(calls, fmt.Sprintf("start %d/%d", slot, gen))
	}
	return calls
}

// TestTurns has more workers than may be starting at the same time: each that is up, or fails, lets another begin, and one more if it
// was quick.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(pace+5))
		r.Up()
		diff(t, "calls", r.s.take(), startsOf(1, 0, pace))
		pass(2500 * time.Millisecond)
		r.s.up(pool.ID{Slot: 1, Gen: 1})
		diff(t, "calls after one was quick", r.s.take(), startsOf(1, pace, pace+2))
		pass(1)
		r.s.up(pool.ID{Slot: 2, Gen: 1})
		diff(t, "calls after one was not", r.s.take(), startsOf(1, pace+2, pace+3))
		r.StartFailed(first, errStart)
		diff(t, "calls after one has failed", r.s.take(), startsOf(1, pace+3, pace+4))
		// The back-off of slot 0 is over, but another has waited longer.
		pass(100 * time.Millisecond)
		r.s.up(pool.ID{Slot: 3, Gen: 1})
		diff(t, "calls after the back-off", r.s.take(), startsOf(1, pace+4, pace+5))
		r.s.up(pool.ID{Slot: uint16(pace), Gen: 1})
		diff(t, "calls at last", r.s.take(), startsOf(2, 0, 1))
		r.finish()
	})
}

// TestTurnsAndTimeouts: the time of a start counts from its turn, and what takes too long slows the pace.
func TestTurnsAndTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(pace+1))
		r.Up()
		r.s.take()
		pass(9 * time.Second)
		r.s.up(first)
		if got := r.Pace(); got != pace-1 {
			t.Errorf("the pace is %d after a slow start, want %d", got, pace-1)
		}
		diff(t, "calls after a slow start", r.s.take(), []string(nil))
		r.s.up(pool.ID{Slot: 1, Gen: 1})
		r.StartFailed(pool.ID{Slot: 2, Gen: 1}, errStart)
		diff(t, "calls", r.s.take(), startsOf(1, pace, pace+1))
		late := fmt.Sprintf("kill %d/1", pace)
		pass(10*time.Second - 1)
		calls := r.s.take()
		if !slices.Contains(calls, "kill 3/1") || slices.Contains(calls, late) {
			t.Errorf("calls %v, want the kills of those that began first, and not %s", calls, late)
		}
		pass(1)
		if calls := r.s.take(); !slices.Contains(calls, late) {
			t.Errorf("calls %v, want %s", calls, late)
		}
		if got := r.Pace(); got >= pace-2 || got < 1 {
			t.Errorf("the pace is %d after timeouts", got)
		}
		r.finish()
	})
}

// TestPaceIsBounded: a pool that starts nothing quickly starts one at a time, and one that does all it has.
func TestPaceIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(pace+3))
		r.Up()
		pass(time.Hour)
		if got := r.Pace(); got != 1 {
			t.Errorf("the pace is %d after an hour of timeouts, want 1", got)
		}
		r.finish()
	})
	synctest.Test(t, func(t *testing.T) {
		r := newAutoRig(t, testConfig(pace+3))
		if got := r.Pace(); got != pace+3 {
			t.Errorf("the pace is %d after quick starts, want %d", got, pace+3)
		}
		if n := r.Snapshot().Processes.Idle; n != pace+3 {
			t.Errorf("%d workers are idle, want all %d", n, pace+3)
		}
		r.finish()
	})
}

// TestTurnsOfAClosedPool: who waits for a turn never starts.
func TestTurnsOfAClosedPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(pace+2))
		r.Up()
		r.s.take()
		r.Drain()
		for slot := range pace {
			r.s.up(pool.ID{Slot: uint16(slot), Gen: 1})
		}
		for _, call := range r.s.take() {
			if slices.Contains(startsOf(1, pace, pace+2), call) {
				t.Errorf("%s after Drain", call)
			}
		}
		r.finish()
	})
}
