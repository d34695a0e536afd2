package pool

import "time"

// Snapshot is a pool at one moment. Every number is from that moment; counters grow from the pool's start. The order
// of lists is fixed. Its JSON form is part of the status endpoint's documented schema.
type Snapshot struct {
	Name      string     `json:"name"`
	Mode      string     `json:"mode"`     // workers.mode
	Listen    []string   `json:"listen"`   // addresses, as configured
	Draining  bool       `json:"draining"` // no request is taken any more
	Processes Processes  `json:"processes"`
	Requests  Requests   `json:"requests"`
	Queue     QueueState `json:"queue"`
	// States says how many workers are in each state; every state is there.
	States map[State]int `json:"states"`
	// Recycles counts the processes that have ended, by reason; every reason is there.
	Recycles map[Reason]uint64 `json:"recycles"`
	// StartFailures counts the starts that brought no process, those that took too long included.
	StartFailures uint64 `json:"start_failures"`
	// Bugs counts events that cannot happen. Anything but 0 is worth a report.
	Bugs    uint64   `json:"bugs"`
	Workers []Worker `json:"workers"` // by slot
}

// Processes are the numbers php-fpm's status page has, under its names.
type Processes struct {
	Active             int    `json:"active"`     // serve a request
	Idle               int    `json:"idle"`       // could
	Total              int    `json:"total"`      // exist, those that start or stop included
	Max                int    `json:"max"`        // workers.max
	MaxActive          int    `json:"max_active"` // the most that were active at once
	MaxChildrenReached uint64 `json:"max_children_reached"`
}

// Requests counts the requests that have asked for a worker and what became of them. The rest wait, run or are counted in QueueState.
type Requests struct {
	// Accepted counts every call for a worker, also the second one for a request whose connection was stale.
	Accepted uint64 `json:"accepted"`
	Served   uint64 `json:"served"`  // the worker went through with it
	Failed   uint64 `json:"failed"`  // the worker died, was killed, or broke the connection or the protocol
	Stale    uint64 `json:"stale"`   // the worker had hung up before; nothing was sent
	Refused  uint64 `json:"refused"` // the pool was closing
}

// QueueState is the queue of requests that wait for a worker.
type QueueState struct {
	Length    int    `json:"length"`     // now
	MaxLength int    `json:"max_length"` // the most there were at once
	Limit     int    `json:"limit"`      // queue.length
	Full      uint64 `json:"full"`       // requests turned away because it was full
	Timeouts  uint64 `json:"timeouts"`   // requests turned away after queue.timeout
	Abandoned uint64 `json:"abandoned"`  // requests whose client left
}

// Worker is one slot and the process in it.
type Worker struct {
	Slot       uint16    `json:"slot"`
	Generation uint64    `json:"generation"` // 0 if none was ever started
	Pid        int       `json:"pid"`        // 0 if there is no process
	State      State     `json:"state"`
	Since      time.Time `json:"since"` // when it came into State, to the millisecond
	Requests   int       `json:"requests"`
	LastReason Reason    `json:"last_reason"` // why the slot's process before this one went, "" if there was none
}

// Snapshot returns the pool as it is now.
func (p *Pool) Snapshot() Snapshot {
	s := Snapshot{
		Name:     p.cfg.Name,
		Mode:     p.cfg.Workers.Mode,
		Listen:   make([]string, len(p.cfg.Listen)),
		States:   make(map[State]int, numStates),
		Recycles: make(map[Reason]uint64, numReasons),
		Workers:  make([]Worker, len(p.workers)),
	}
	for i, l := range p.cfg.Listen {
		s.Listen[i] = l.Address
	}
	wall := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	s.Draining = p.closed
	s.Processes = Processes{
		Active:             p.inState[Busy],
		Idle:               p.inState[Idle],
		Total:              len(p.workers) - p.inState[Down],
		Max:                len(p.workers),
		MaxActive:          p.maxActive,
		MaxChildrenReached: p.counts.maxChildrenReached,
	}
	s.Requests = Requests{
		Accepted: p.counts.accepted,
		Served:   p.counts.served,
		Failed:   p.counts.failed,
		Stale:    p.counts.stale,
		Refused:  p.counts.refused,
	}
	s.Queue = QueueState{
		Length:    p.queue.len,
		MaxLength: p.maxQueue,
		Limit:     p.cfg.Queue.Length,
		Full:      p.counts.queueFull,
		Timeouts:  p.counts.queueTimeout,
		Abandoned: p.counts.left,
	}
	for _, state := range States() {
		s.States[state] = p.inState[state]
	}
	for _, r := range Reasons() {
		s.Recycles[r] = p.counts.ended[r]
	}
	s.StartFailures = p.counts.startFailures
	s.Bugs = p.counts.bugs
	for i := range p.workers {
		w := &p.workers[i]
		view := Worker{
			Slot:       w.id.Slot,
			Generation: w.id.Gen,
			State:      w.state,
			Since:      wall.Add(w.since - now).Round(time.Millisecond),
			Requests:   w.requests,
			LastReason: w.last,
		}
		if w.state != Down {
			view.Pid = w.pid
		}
		s.Workers[i] = view
	}
	return s
}
