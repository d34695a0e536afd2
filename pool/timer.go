package pool

import "time"

// arm makes sure that tick runs at the given time or before. The timer is only ever moved forward here: a release
// leaves it alone, and a tick that finds nothing due arms it anew for what is nearest then. So a pool that becomes idle
// wakes up at most once more. Caller holds mu.
func (p *Pool) arm(at time.Duration) {
	if at >= p.armed || p.finished {
		return
	}
	p.armed = at
	d := at - p.now()
	if p.timer == nil {
		p.timer = time.AfterFunc(d, p.tick)
		return
	}
	p.timer.Reset(d)
}

// tick applies every deadline that has passed.
func (p *Pool) tick() {
	p.mu.Lock()
	defer p.unlock()
	now := p.now()
	p.armed = never
	for w := p.queue.head; w != nil && w.deadline <= now; w = p.queue.head {
		p.queue.pop()
		p.counts.queueTimeout++
		p.grant(w, nil, ErrQueueTimeout)
	}
	nearest := never
	if w := p.queue.head; w != nil {
		nearest = w.deadline
	}
	for i := range p.workers {
		w := &p.workers[i]
		if w.deadline <= now {
			w.deadline = never
			if w.state == Down {
				p.start(w, now)
			} else {
				p.apply(w, evTimeout, &input{now: now})
			}
		}
		nearest = min(nearest, w.deadline)
	}
	p.arm(nearest)
}
