package pool

// effectKind is something that must not happen under Pool.mu.
type effectKind uint8

const (
	effectStart effectKind = iota
	effectDial
	effectTerm
	effectKill
	effectClose
	effectFail
	effectGrant
	effectAnnounce
	effectDone
)

// effect is one call out of the pool, with what it needs.
type effect struct {
	do     effectKind
	id     ID
	conn   Conn
	lease  *Lease
	ticket *Ticket
	err    error
	reason Reason
	t      *Transition
}

// effects is the list of calls that wait for the lock to be given up. Guarded by Pool.mu.
type effects struct {
	list    []effect
	spare   []effect // the array of the batch before, used again
	running bool     // a goroutine runs them; whoever else adds one leaves it to that goroutine
}

func (e *effects) add(x effect) { e.list = append(e.list, x) }

// unlock gives up mu and runs the effects that have come up. One goroutine at a time does that, whichever comes first,
// so that effects happen in the order of the events that caused them and never under the lock; an effect may call back
// into the pool.
func (p *Pool) unlock() {
	if len(p.effects.list) == 0 || p.effects.running {
		p.mu.Unlock()
		return
	}
	p.effects.running = true
	for len(p.effects.list) > 0 {
		batch := p.effects.list
		p.effects.list = p.effects.spare[:0]
		p.mu.Unlock()
		for i := range batch {
			p.run(&batch[i])
		}
		clear(batch)
		p.mu.Lock()
		p.effects.spare = batch[:0]
	}
	p.effects.running = false
	p.mu.Unlock()
}

func (p *Pool) run(x *effect) {
	switch x.do {
	case effectStart:
		p.starter.Start(x.id)
	case effectDial:
		p.starter.Dial(x.id)
	case effectTerm:
		p.starter.Term(x.id)
	case effectKill:
		p.starter.Kill(x.id)
	case effectClose:
		// Nobody is left who could use the error: the connection is given up.
		_ = x.conn.Close()
	case effectFail:
		x.lease.holder.Fail(x.reason)
	case effectGrant:
		p.deliver(x)
	case effectAnnounce:
		p.observer.Transition(*x.t)
	case effectDone:
		close(p.done)
	}
}

// announce queues a transition for the observer.
func (p *Pool) announce(t Transition) {
	t.Pool = p.cfg.Name
	p.effects.add(effect{do: effectAnnounce, t: &t})
}
