package pool

import (
	"slices"
	"time"
)

// A start costs CPU time, most of it the program's own. On a busy host, or under a limit of CPU time, starts that run side by side slow
// each other down: with enough of them all take longer than workers.start_timeout, are killed shortly before they would have
// served, and begin again, for ever. So a pool has a pace: how many of its workers may be starting at the same time. The
// others wait for their turn.

// firstPace is the pace that a pool begins with, on a host with so many CPUs. It is more than there are CPUs, because a program
// may also wait while it starts.
func firstPace(cpus int) int { return max(4, 2*cpus) }

// paceAfter is the pace after a start that has succeeded after took: where starts are quick it is soon no bound any more.
func paceAfter(pace int, took, timeout time.Duration, most int) int {
	switch {
	case took <= timeout/4:
		return min(pace+1, most)
	case took > timeout/2:
		return max(pace-1, 1)
	}
	return pace
}

// paceAfterTimeout is the pace after a start that took too long.
func paceAfterTimeout(pace int) int { return max(pace/2, 1) }

// start starts the process of a slot that is down, when it is its turn. Caller holds mu.
func (p *Pool) start(w *worker, now time.Duration) {
	if !w.queued {
		w.queued = true
		p.turns = append(p.turns, w)
	}
	p.startNext(now)
}

// startNext starts those that have waited longest for their turn, as many as may be. Caller holds mu.
func (p *Pool) startNext(now time.Duration) {
	for len(p.turns) > 0 && p.inState[Starting] < p.pace {
		w := p.turns[0]
		p.turns = slices.Delete(p.turns, 0, 1)
		w.queued = false
		p.apply(w, evTimeout, &input{now: now})
	}
}

// started ends a start by event e, which came after took: the pace changes, and others have their turn. Caller holds mu.
func (p *Pool) started(e event, took, now time.Duration) {
	switch e {
	case evStarted:
		p.pace = paceAfter(p.pace, took, p.cfg.Workers.StartTimeout, max(len(p.workers), p.pace))
	case evTimeout:
		p.pace = paceAfterTimeout(p.pace)
	}
	p.startNext(now)
}
