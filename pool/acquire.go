package pool

import (
	"context"
	"slices"
	"time"
)

// Acquire lends an idle worker to h, the one that was used last. If there is none, it waits in the queue, first come
// first served, until a worker is free, queue.timeout has passed or ctx is done; a request that has given up is never
// given to a worker. The error is ErrQueueFull, ErrQueueTimeout, ErrClosed or ctx.Err(). Without waiting, ctx is not
// looked at. h may be nil if the caller does not care.
func (p *Pool) Acquire(ctx context.Context, h Holder) (*Lease, error) {
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
	w := &waiter{holder: h, since: now, deadline: never, answer: make(chan grant, 1)}
	if d := p.cfg.Queue.Timeout; d > 0 {
		w.deadline = now + d
		p.arm(w.deadline)
	}
	p.queue.push(w)
	p.maxQueue = max(p.maxQueue, p.queue.len)
	p.unlock()
	return p.wait(ctx, w)
}

// wait returns what a waiter is granted, or takes it out of the queue when ctx is done first.
func (p *Pool) wait(ctx context.Context, w *waiter) (*Lease, error) {
	select {
	case g := <-w.answer:
		return g.lease, g.err
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.unlock()
	p.counts.left++
	if p.queue.remove(w) {
		return nil, ctx.Err()
	}
	// It was granted something at the same moment. A worker must go to the next in the queue, as if nothing had been.
	g := <-w.answer
	if l := g.lease; l != nil {
		p.giveBack(l)
	}
	return nil, ctx.Err()
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
		next.answer <- grant{lease: p.lend(w, next.holder, now, now-next.since)}
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
