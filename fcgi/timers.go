package fcgi

import (
	"container/heap"
	"time"
)

// timer says what a client's timer is for. A client has one at most.
type timer uint8

const (
	timerNone   timer = iota
	timerWatch        // a connection is not watched while its only request runs, unless that takes long
	timerHead         // a head must be complete
	timerGrace        // a client is to read the end of what it is told
	timerStall        // a client is to read something
	timerLinger       // a client is to close a connection of which our side is closed
)

// timers are the clients that have a timer, a heap by the time it is due.
type timers []*client

func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, j int) bool { return t[i].due.Before(t[j].due) }
func (t timers) Swap(i, j int) {
	t[i], t[j] = t[j], t[i]
	t[i].timerAt, t[j].timerAt = i, j
}

func (t *timers) Push(x any) {
	c := x.(*client)
	c.timerAt = len(*t)
	*t = append(*t, c)
}

func (t *timers) Pop() any {
	last := len(*t) - 1
	c := (*t)[last]
	(*t)[last] = nil
	*t = (*t)[:last]
	return c
}

// next is when the first is due.
func (t timers) next() (time.Time, bool) {
	if len(t) == 0 {
		return time.Time{}, false
	}
	return t[0].due, true
}

// expired takes out a client whose timer is due, nil if there is none. The client's timer says which it was.
func (t *timers) expired(now time.Time) *client {
	if due, ok := t.next(); !ok || due.After(now) {
		return nil
	}
	return heap.Pop(t).(*client)
}

// setTimer starts a timer, in place of the one there was; timerNone ends it. One that runs already for the same goes on.
func (c *client) setTimer(kind timer, after time.Duration) {
	if c.timer == kind {
		return
	}
	l := c.proxy.loop
	switch {
	case kind == timerNone:
		heap.Remove(&l.timers, c.timerAt)
	case c.timer == timerNone:
		c.due = l.now.Add(after)
		heap.Push(&l.timers, c)
	default:
		c.due = l.now.Add(after)
		heap.Fix(&l.timers, c.timerAt)
	}
	c.timer = kind
}

// timeout is a client whose timer has expired.
type timeout client

// event implements handler.
func (t *timeout) event(uint32) {
	c := (*client)(t)
	kind := c.timer
	c.timer = timerNone
	switch kind {
	case timerWatch:
		c.watched = true
		c.settle()
	case timerHead:
		c.late()
	case timerStall:
		c.gone()
	case timerGrace, timerLinger:
		c.destroy()
	}
}

// crashed implements handler.
func (t *timeout) crashed() { (*client)(t).crashed() }
