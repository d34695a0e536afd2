package pool

import "context"

// PastLeast and PastMost bound how many leases before the last one Served knows.
const (
	PastLeast = pastLeast
	PastMost  = pastMost
)

// Pace is how many workers of the pool may be starting at the same time.
func (p *Pool) Pace() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pace
}

// Armed reports whether the pool's timer is running.
func (p *Pool) Armed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.armed != never
}

// results take what a ticket is granted.
type results chan result

// result is what a ticket was granted.
type result struct {
	lease *Lease
	err   error
}

// Granted implements Waiter.
func (c results) Granted(l *Lease, err error) { c <- result{l, err} }

// AcquireWait is Acquire for a caller that waits: until it is granted something or ctx is done.
func (p *Pool) AcquireWait(ctx context.Context, h Holder) (*Lease, error) {
	granted := make(results, 1)
	t := &Ticket{Waiter: granted}
	l, err := p.Acquire(h, t)
	if err != ErrQueued {
		return l, err
	}
	return p.wait(ctx, t, granted)
}

func (p *Pool) wait(ctx context.Context, t *Ticket, granted results) (*Lease, error) {
	select {
	case r := <-granted:
		return r.lease, r.err
	case <-ctx.Done():
		p.Leave(t)
		return nil, ctx.Err()
	}
}

// Enqueue does the first half of an AcquireWait that has to wait, and returns the other half.
func (p *Pool) Enqueue(h Holder) func(context.Context) (*Lease, error) {
	granted := make(results, 1)
	t := &Ticket{Waiter: granted, waiter: waiter{holder: h, deadline: never}}
	p.mu.Lock()
	p.queue.push(t)
	p.mu.Unlock()
	return func(ctx context.Context) (*Lease, error) { return p.wait(ctx, t, granted) }
}
