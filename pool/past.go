package pool

import (
	"slices"
	"time"
)

const (
	// pastLeast and pastMost bound how many leases before the last one a worker's past has.
	pastLeast = 32
	pastMost  = 1024
	// lateness is how late the pool may be asked whom a worker served. What is told of a worker comes through two other processes, and on a busy
	// machine those wait for their turn while the worker goes on to some hundred small requests.
	lateness = time.Second
)

// lent is whom a worker was lent to, and when.
type lent struct {
	holder Holder
	at     time.Duration
}

// past are the leases of a worker before its last one. The zero value has none.
type past struct {
	ring []lent
	turn int // the oldest of ring
}

// add remembers a lease, the latest. In its place it forgets the oldest if there are enough and nobody will ask for that any more, or if there are
// too many.
func (p *past) add(l lent, now time.Duration) {
	n := len(p.ring)
	if n < pastLeast || n < pastMost && now-p.ring[(p.turn+1)%n].at < lateness { // the oldest was over when the next began
		p.ring = slices.Insert(p.ring, p.turn, l)
	} else {
		p.ring[p.turn] = l
	}
	p.turn = (p.turn + 1) % len(p.ring)
}

// served is the holder of the lease that was the last to begin at a time or before it, nil if that is not remembered.
func (p *past) served(at time.Duration) Holder {
	n := len(p.ring)
	for i := range n { // the latest first
		if l := &p.ring[(p.turn+n-1-i)%n]; l.holder != nil && at >= l.at {
			return l.holder
		}
	}
	return nil
}
