package pool

import (
	"fmt"
	"time"
)

// never is the deadline of a state without one.
const never = time.Duration(1<<63 - 1)

// aftermath is how long after a request a worker's end may still be that request's doing.
const aftermath = time.Second

// worker is one slot and the process in it. Guarded by Pool.mu.
type worker struct {
	id       ID
	pid      int
	state    State
	since    time.Duration // when state was entered, on the pool's clock
	deadline time.Duration // when evTimeout is due, or never

	want     bool   // the slot should have a process
	queued   bool   // it is in Pool.turns
	retiring bool   // it goes when it is idle
	cause    Reason // why it goes, once it does
	last     Reason // why the slot's previous process went

	conn  Conn   // nil while a new one is awaited; a failed lease takes it along
	fresh bool   // no request was sent on conn
	lease *Lease // the one that has the worker now
	reuse *Lease // lent again and again, until one fails: its holder may look at it for a while
	// holder is the last lease's, which was lent at lent; past are the leases before that.
	holder Holder
	lent   time.Duration
	past   past

	requests  int  // given to this process, without those it never saw
	completed bool // it went through with one of them
	backoff   time.Duration
}

// input is what an event brings along.
type input struct {
	now    time.Duration
	reason Reason
	pid    int
	conn   Conn
	exit   *Exit
	err    error
}

// apply takes w through the table: one event, its actions, its transition. Caller holds mu.
func (p *Pool) apply(w *worker, e event, in *input) {
	from := w.state
	s := lifeCycle[from][e](facts{want: w.want, retiring: w.retiring, leased: w.lease != nil})
	if s.bug {
		p.reportBug(w, e, in, s.do)
		return
	}
	switch e {
	case evStarted:
		w.pid, w.conn, w.fresh = in.pid, in.conn, true
	case evDialed:
		w.conn, w.fresh = in.conn, true
	case evRelease, evReconnect, evLost, evViolation:
		w.lease = nil
	}
	reason := s.reason
	if e == evExited {
		reason = endReason(from, w.cause, *in.exit)
	} else if reason == ReasonNone {
		reason = in.reason
	}
	if reason == ReasonNone {
		reason = w.cause
	}
	if from == Idle && s.to != Busy {
		p.unstack(w)
		if in.now-w.since >= aftermath {
			w.holder = nil
		}
	}
	for _, a := range s.do {
		p.act(w, a, in, reason)
	}
	if s.to != from {
		took := in.now - w.since
		p.enter(w, s.to, in, reason)
		if from == Starting {
			p.started(e, took, in.now)
		}
	} else if from == Killing && e == evTimeout {
		w.deadline = in.now + p.patience(Killing)
		p.arm(w.deadline)
		p.announce(Transition{ID: w.id, Pid: w.pid, From: Killing, To: Killing, Reason: reason,
			Err: fmt.Errorf("worker is still there %v after it was killed", in.now-w.since)})
	}
}

// act runs one action of a step, or leaves it to the effects if it must not happen under the lock.
func (p *Pool) act(w *worker, a action, in *input, reason Reason) {
	switch a {
	case actRemember:
		if !w.retiring {
			w.retiring, w.cause = true, in.reason
		}
	case actFail:
		if l := w.lease; l != nil {
			l.reason.Store(uint32(reason))
			w.lease, w.reuse, w.conn = nil, nil, nil
			p.counts.failed++
			if l.holder != nil {
				p.effects.add(effect{do: effectFail, lease: l, reason: reason})
			}
		}
	case actClose:
		if w.conn != nil {
			p.effects.add(effect{do: effectClose, conn: w.conn})
			w.conn = nil
		}
	case actStart:
		w.id.Gen++
		w.pid, w.requests, w.completed = 0, 0, false
		p.effects.add(effect{do: effectStart, id: w.id})
	case actDial:
		p.effects.add(effect{do: effectDial, id: w.id})
	case actTerm:
		p.effects.add(effect{do: effectTerm, id: w.id})
	case actKill:
		p.effects.add(effect{do: effectKill, id: w.id})
	}
}

// enter makes to the state of w and does what belongs to being there.
func (p *Pool) enter(w *worker, to State, in *input, reason Reason) {
	from := w.state
	p.inState[from]--
	p.inState[to]++
	w.state, w.since, w.deadline = to, in.now, never
	if d := p.patience(to); d > 0 {
		w.deadline = in.now + d
		p.arm(w.deadline)
	}
	t := Transition{ID: w.id, Pid: w.pid, From: from, To: to}
	switch to {
	case Starting:
		p.announce(t)
	case Idle:
		if from != Busy {
			p.announce(t)
		}
		p.offer(w, in.now)
	case Busy:
		w.past.add(lent{w.holder, w.lent}, in.now)
		w.lent = in.now
		p.maxActive = max(p.maxActive, p.inState[Busy])
	case Stopping, Killing:
		if from != Stopping {
			w.cause = reason
		}
		t.Reason, t.Err, t.Holder = reason, in.err, w.holder
		p.announce(t)
	case Down:
		t.Reason, t.Err, t.Holder, t.Exit = reason, in.err, w.holder, in.exit
		p.wentDown(w, t, in)
	}
}

// wentDown ends a process: it counts why, and starts the next one, at once or after a back-off.
func (p *Pool) wentDown(w *worker, t Transition, in *input) {
	switch {
	case t.Reason == ReasonStartFailed || t.Reason == ReasonStartTimeout:
		p.counts.startFailures++
	case t.Exit != nil:
		p.counts.ended[t.Reason]++
	}
	again := w.want
	if again && !w.completed && unasked(t.From, w.cause) {
		w.backoff = nextBackoff(w.backoff, w.requests > 0)
		w.deadline = in.now + w.backoff
		p.arm(w.deadline)
		t.Backoff, again = w.backoff, false
	}
	w.holder, w.retiring, w.cause, w.last = nil, false, ReasonNone, t.Reason
	w.past = past{}
	p.announce(t)
	if again {
		p.start(w, in.now)
	}
	p.checkDone()
}

// patience is how long a worker may stay in a state, 0 for ever.
func (p *Pool) patience(s State) time.Duration {
	switch s {
	case Starting:
		return p.cfg.Workers.StartTimeout
	case Busy:
		return p.cfg.Request.Timeout
	case Stopping:
		return p.cfg.Workers.StopTimeout
	case Killing:
		// SIGKILL needs no grace, but repeating it without a pause would be a storm.
		return max(p.cfg.Workers.StopTimeout, time.Second)
	}
	return 0
}

// reportBug tells the observer of an event that cannot happen, and leaves nothing of it behind.
func (p *Pool) reportBug(w *worker, e event, in *input, do [3]action) {
	p.counts.bugs++
	if in.conn != nil {
		p.effects.add(effect{do: effectClose, conn: in.conn})
	}
	for _, a := range do {
		p.act(w, a, in, ReasonNone)
	}
	p.announce(Transition{ID: w.id, Pid: w.pid, From: w.state, To: w.state,
		Err: fmt.Errorf("%w: event %s in state %s", ErrBug, e, w.state)})
}
