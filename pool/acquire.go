package pool

import (
	"errors"
	"slices"
	"time"
)

// ErrQueued means that the request waits: its Ticket will be granted a lease, or an error.
var ErrQueued = errors.New("waiting for a worker")

// Waiter is who waits for a worker.
type Waiter interface {
	// Granted ends the wait, once: with a lease, or with ErrQueueTimeout or ErrClosed. It is called from any goroutine, with no lock of the pool
	// held, and must not block. After Leave it is not called; a call that Leave meets half-way means nothing, whatever it brings.
	Granted(*Lease, error)
}

// Ticket is a request's place in the queue. The caller makes it, and must not copy it.
type Ticket struct {
	// Waiter is told how the wait ends.
	Waiter Waiter

	waiter
}

// Acquire lends an idle worker to h, the one that was used last. If there is none, it queues the request, first come first served, returns
// ErrQueued, and the ticket is told when a worker is free or queue.timeout has passed. The other errors are ErrQueueFull and ErrClosed. It never blocks.
// h may be nil if the caller does not care.
func (p *Pool) Acquire(h Holder, t *Ticket) (*Lease, error) {
	now := p.now()
	p.mu.Lock()
	p.counts.accepted++
	if p.closed {
		p.counts.refused++
		p.mu.Unlock()
		return nil, ErrClosed
	}
	if n := len(p.idle); n > 0 {
		w := p.idle[n-1]
		p.idle = p.idle[:n-1]
		l := p.lend(w, h, now, 0)
		p.unlock()
		return l, nil
	}
	if !p.starved {
		p.starved = true
		// Only if all there can be are there: at the start of a pool nobody has set the limit too low.
		if p.inState[Down] == 0 && p.inState[Busy] > 0 {
			p.counts.maxChildrenReached++
		}
	}
	if p.queue.len >= p.cfg.Queue.Length {
		p.counts.queueFull++
		p.mu.Unlock()
		return nil, ErrQueueFull
	}
	t.waiter = waiter{holder: h, since: now, deadline: never}
	if d := p.cfg.Queue.Timeout; d > 0 {
		t.deadline = now + d
		p.arm(t.deadline)
	}
	p.queue.push(t)
	p.maxQueue = max(p.maxQueue, p.queue.len)
	p.unlock()
	return nil, ErrQueued
}

// Leave takes a request out of the queue. What it may have been granted at the same moment goes to the next, as if nothing had been.
func (p *Pool) Leave(t *Ticket) {
	p.mu.Lock()
	defer p.unlock()
	if t.left {
		return
	}
	t.left = true
	switch {
	case p.queue.remove(t):
	case t.lease != nil:
		p.giveBack(t.lease)
	default:
		return // it was refused already, and counted so
	}
	p.counts.left++
}

// grant ends a wait. Caller holds mu.
func (p *Pool) grant(t *Ticket, l *Lease, err error) {
	t.lease = l
	p.effects.add(effect{do: effectGrant, ticket: t, lease: l, err: err})
}

// deliver tells a ticket what it was granted.
func (p *Pool) deliver(x *effect) {
	p.mu.Lock()
	left := x.ticket.left
	p.mu.Unlock()
	if !left {
		x.ticket.Waiter.Granted(x.lease, x.err)
	}
}

// lend leases w, which is idle and not on the stack, to h. Caller holds mu.
func (p *Pool) lend(w *worker, h Holder, now, queued time.Duration) *Lease {
	in := input{now: now}
	p.apply(w, evLease, &in)
	l := w.reuse
	if l == nil {
		l = &Lease{pool: p, worker: w}
		w.reuse = l
	}
	l.id, l.pid, l.conn, l.fresh, l.queued, l.holder, l.over = w.id, w.pid, w.conn, w.fresh, queued, h, false
	w.lease, w.holder = l, h
	w.requests++
	return l
}

// giveBack ends a lease that its holder never saw. Caller holds mu.
func (p *Pool) giveBack(l *Lease) {
	l.over = true
	w := l.worker
	if w.lease != l {
		p.effects.add(effect{do: effectClose, conn: l.conn})
		return
	}
	w.holder = nil
	w.requests--
	p.apply(w, evRelease, &input{now: p.now()})
}

// offer gives a worker that has become idle to who has waited longest, or puts it on the stack. Caller holds mu.
func (p *Pool) offer(w *worker, now time.Duration) {
	if next := p.queue.pop(); next != nil {
		p.grant(next, p.lend(w, next.holder, now, now-next.since), nil)
		return
	}
	p.starved = false
	p.idle = append(p.idle, w)
}

// unstack takes an idle worker off the stack, from wherever it is. Caller holds mu.
func (p *Pool) unstack(w *worker) {
	if i := slices.Index(p.idle, w); i >= 0 {
		p.idle = slices.Delete(p.idle, i, i+1)
	}
}
