package pool

import "time"

// waiter is what the pool keeps of a request that waits. Guarded by Pool.mu.
type waiter struct {
	holder     Holder
	since      time.Duration // when it came, on the pool's clock
	deadline   time.Duration // when it gives up
	prev, next *Ticket
	queued     bool
	left       bool   // Leave was called
	lease      *Lease // what it was granted
}

// queue holds the waiters, first come first served. As all wait equally long, the head's deadline is the nearest.
// The zero value is empty. Not safe for concurrent use: Pool.mu guards it.
type queue struct {
	head, tail *Ticket
	len        int
}

func (q *queue) push(w *Ticket) {
	w.prev, w.next, w.queued = q.tail, nil, true
	if q.tail != nil {
		q.tail.next = w
	} else {
		q.head = w
	}
	q.tail = w
	q.len++
}

// pop takes out the one that has waited longest, nil if there is none.
func (q *queue) pop() *Ticket {
	w := q.head
	if w != nil {
		q.remove(w)
	}
	return w
}

// remove takes w out and reports whether it was still there.
func (q *queue) remove(w *Ticket) bool {
	if !w.queued {
		return false
	}
	if w.prev != nil {
		w.prev.next = w.next
	} else {
		q.head = w.next
	}
	if w.next != nil {
		w.next.prev = w.prev
	} else {
		q.tail = w.prev
	}
	w.prev, w.next, w.queued = nil, nil, false
	q.len--
	return true
}
