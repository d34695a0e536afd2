package pool

// Retire makes a worker go for the given reason as soon as it is idle: at once, or when its request is over. It does nothing if the worker
// is going already, or has gone.
func (p *Pool) Retire(id ID, why Reason) {
	p.event(id, evRetire, &input{reason: why})
}

// CountIncident counts something a worker of the pool tried and was kept from, and survived. What it dies of is counted by the pool itself.
func (p *Pool) CountIncident() {
	p.mu.Lock()
	p.counts.incidents++
	p.mu.Unlock()
}
