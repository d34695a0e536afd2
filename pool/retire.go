package pool

import "time"

// Retire asks a process to go when it is idle, for reason. A request that runs ends first. One that goes already keeps its reason, and
// for a process that is gone nothing happens.
func (p *Pool) Retire(id ID, reason Reason) { p.event(id, evRetire, &input{reason: reason}) }

// Kill ends a process at once, for reason. The request that it serves fails.
func (p *Pool) Kill(id ID, reason Reason) { p.event(id, evKill, &input{reason: reason}) }

// Served says whom a process served at a time: the holder of the lease that it had then or, if it was idle, had had last; nil if
// that is too long ago. It also gives the process id, and how many leases the process has had. All are zero for a process that is gone.
func (p *Pool) Served(id ID, t time.Time) (h Holder, pid, leases int) {
	// By one look at the clock: t is by the wall's, and comes from another process.
	now := time.Now()
	at := now.Sub(p.epoch) - max(now.Sub(t), 0)
	p.mu.Lock()
	defer p.mu.Unlock()
	if int(id.Slot) >= len(p.workers) || p.workers[id.Slot].id.Gen != id.Gen || p.workers[id.Slot].state == Down {
		return nil, 0, 0
	}
	w := &p.workers[id.Slot]
	if w.holder != nil && at >= w.lent {
		return w.holder, w.pid, w.requests
	}
	return w.past.served(at), w.pid, w.requests
}
