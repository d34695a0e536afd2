package pool

import "time"

// Retire asks a process to go when it is idle, for reason. A request that runs ends first. One that goes already keeps its reason, and
// for a process that is gone nothing happens.
func (p *Pool) Retire(id ID, reason Reason) { p.event(id, evRetire, &input{reason: reason}) }

// Kill ends a process at once, for reason. The request that it serves fails.
func (p *Pool) Kill(id ID, reason Reason) { p.event(id, evKill, &input{reason: reason}) }

// Served says whom a process served some time ago: the holder of the lease that it had then or, if it was idle, had had last; nil if
// that is too long ago. It also gives the process id, and how many leases the process has had. All are zero for a process that is gone.
func (p *Pool) Served(id ID, ago time.Duration) (h Holder, pid, leases int) {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if int(id.Slot) >= len(p.workers) || p.workers[id.Slot].id.Gen != id.Gen || p.workers[id.Slot].state == Down {
		return nil, 0, 0
	}
	w := &p.workers[id.Slot]
	at := now - max(ago, 0)
	if w.holder != nil && at >= w.lent {
		return w.holder, w.pid, w.requests
	}
	for i := range w.past { // the latest first
		l := &w.past[(w.turn+2*remembered-1-i)%remembered]
		if l.holder != nil && at >= l.lent {
			return l.holder, w.pid, w.requests
		}
	}
	return nil, w.pid, w.requests
}
