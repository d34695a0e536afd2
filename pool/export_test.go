package pool

import "context"

// Armed reports whether the pool's timer is running.
func (p *Pool) Armed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.armed != never
}

// Enqueue does the first half of an Acquire that has to wait, and returns the other half.
func (p *Pool) Enqueue(h Holder) func(context.Context) (*Lease, error) {
	w := &waiter{holder: h, deadline: never, answer: make(chan grant, 1)}
	p.mu.Lock()
	p.queue.push(w)
	p.mu.Unlock()
	return func(ctx context.Context) (*Lease, error) { return p.wait(ctx, w) }
}
