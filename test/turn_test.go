//go:build integration

package test

import (
	"fmt"
	"runtime"
	"syscall"
	"testing"
)

// TestTurns: a pool with many workers starts them a few at a time, when jpm begins and when all of them have ended at once, and all
// come up.
func TestTurns(t *testing.T) {
	first := max(4, 2*runtime.NumCPU())
	workers := first + 5
	s := scripted()
	s.workers = fmt.Sprintf("max = %d", workers)
	j := startJPM(t, s)
	// How many were starting when the first start ended, and how many there have been.
	starts := func(mark int) (before, all int) {
		ended := false
		for _, l := range j.log.lines(mark, line{"msg": "worker"}) {
			ended = ended || l["from"] == "starting"
			if l["to"] == "starting" {
				all++
				if !ended {
					before++
				}
			}
		}
		return before, all
	}
	if before, all := starts(0); before != first || all != workers {
		t.Errorf("%d workers were started at first, %d in all; want %d and %d", before, all, first, workers)
	}
	mark := j.log.mark()
	for _, w := range j.pool().Workers {
		if err := syscall.Kill(w.Pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	for slot := range workers {
		j.log.wait(t, mark, line{"msg": "worker", "worker": slot, "from": "starting", "to": "idle"})
	}
	j.waitIdle()
	if _, all := starts(mark); all != workers {
		t.Errorf("%d workers were started after all had ended, want %d", all, workers)
	}
}
