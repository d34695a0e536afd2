package pool

import (
	"sync/atomic"
	"time"
)

// Outcome is how a lease ended.
type Outcome uint8

// The outcomes. Any other value counts as Lost.
const (
	// Reuse: the request is over and the connection is clean.
	Reuse Outcome = iota + 1
	// Reconnect: the worker is fine, or still finishing, but the connection cannot be used again. The worker stays
	// busy until a new one is made.
	Reconnect
	// Stale: the connection was found broken before anything of the request was sent on it. Like Reconnect, but the
	// worker has served no request; the holder acquires again.
	Stale
	// Lost: the worker closed or broke the connection during the request. It is probably dead; its exit status will
	// say of what. It is asked to end, and killed after workers.stop_timeout.
	Lost
	// Violation: the worker broke the protocol. It is killed.
	Violation
)

// Lease is the right to use one worker for one request. It must be given back by Release, exactly once, and not be
// touched after that, because the next request gets the same one. Its methods may be called concurrently until then.
type Lease struct {
	pool   *Pool
	worker *worker
	id     ID
	pid    int
	conn   Conn
	fresh  bool
	queued time.Duration
	holder Holder
	reason atomic.Uint32 // of Fail, written once, under Pool.mu
	over   bool          // Release was called; guarded by Pool.mu
}

// Conn returns the connection to the worker. It is the holder's alone until Release, which closes it if need be.
func (l *Lease) Conn() Conn { return l.conn }

// Fresh reports whether no request was sent on the connection before. On a kept one, the worker may have hung up in
// between, without anything being wrong with it.
func (l *Lease) Fresh() bool { return l.fresh }

// Worker returns the worker's identity and its process id, as the Starter gave it.
func (l *Lease) Worker() (ID, int) { return l.id, l.pid }

// Queued returns how long the request waited for the worker.
func (l *Lease) Queued() time.Duration { return l.queued }

// Reason returns why the pool took the worker away, ReasonNone if it did not.
func (l *Lease) Reason() Reason { return Reason(l.reason.Load()) }

// Release gives the worker back. If the pool has taken it away already, only the connection is closed.
func (l *Lease) Release(o Outcome) {
	p := l.pool
	now := p.now()
	p.mu.Lock()
	if l.over {
		p.counts.bugs++
		p.unlock()
		return
	}
	l.over = true
	w := l.worker
	if w.lease != l {
		p.effects.add(effect{do: effectClose, conn: l.conn})
		p.unlock()
		return
	}
	in := input{now: now}
	switch o {
	case Reuse:
		p.served(w, &in)
		p.completed(w)
		w.fresh = false
		p.apply(w, evRelease, &in)
	case Reconnect:
		p.served(w, &in)
		p.apply(w, evReconnect, &in)
	case Stale:
		w.requests--
		p.counts.stale++
		p.apply(w, evReconnect, &in)
	case Violation:
		p.counts.failed++
		p.apply(w, evViolation, &in)
	default:
		p.counts.failed++
		p.apply(w, evLost, &in)
	}
	p.unlock()
}

// served counts a request that the worker survived, and retires the worker if it was the last one it may serve.
func (p *Pool) served(w *worker, in *input) {
	p.counts.served++
	if limit := p.cfg.Workers.MaxRequests; limit > 0 && w.requests >= limit && !w.retiring {
		retire := input{now: in.now, reason: ReasonMaxRequests}
		p.apply(w, evRetire, &retire)
	}
}
