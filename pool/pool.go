package pool

import (
	"errors"
	"runtime"
	"sync"
	"time"

	"jpm/config"
)

// What Acquire returns besides the error of its context.
var (
	// ErrQueueFull means that queue.length requests wait already.
	ErrQueueFull = errors.New("queue is full")
	// ErrQueueTimeout means that no worker came free within queue.timeout.
	ErrQueueTimeout = errors.New("waited too long for a worker")
	// ErrClosed means that the pool serves no more requests.
	ErrClosed = errors.New("pool is closed")
)

// Pool keeps the workers of one site and lends them to requests. All methods may be called concurrently.
type Pool struct {
	cfg      config.Pool
	starter  Starter
	observer Observer
	epoch    time.Time // zero of the pool's clock, monotonic
	done     chan struct{}

	// mu guards all that follows, and what the workers, leases and waiters say they have guarded by it. Nothing is
	// called out of the package while it is held.
	mu      sync.Mutex
	workers []worker
	idle    []*worker // the last one is the warmest
	turns   []*worker // down and wanted, waiting for their turn to start
	pace    int       // workers that may be starting at the same time
	queue   queue
	effects effects
	timer   *time.Timer   // nil until the first deadline
	armed   time.Duration // when timer fires, never if it does not

	closed   bool // Drain or Close was called
	finished bool // and no worker is left

	inState   [numStates]int
	maxActive int
	maxQueue  int
	starved   bool // requests have been waiting since the last time a worker was free
	counts    counts
}

// counts only grow. Guarded by Pool.mu.
type counts struct {
	accepted, served, failed, stale         uint64
	queueFull, queueTimeout, left, refused  uint64
	maxChildrenReached, startFailures, bugs uint64
	ended                                   [numReasons]uint64
}

// New makes a pool without workers. Of cfg it uses Name, Listen, Workers, Queue and Request. s and o must not be nil.
func New(cfg config.Pool, s Starter, o Observer) *Pool {
	p := &Pool{
		cfg:      cfg,
		starter:  s,
		observer: o,
		epoch:    time.Now(),
		done:     make(chan struct{}),
		pace:     firstPace(runtime.NumCPU()),
		workers:  make([]worker, cfg.Workers.Max),
		idle:     make([]*worker, 0, cfg.Workers.Max),
		armed:    never,
	}
	for i := range p.workers {
		p.workers[i] = worker{id: ID{Slot: uint16(i)}, deadline: never}
	}
	p.inState[Down] = len(p.workers)
	return p
}

// now is the pool's clock: monotonic, and cheap to read and compare.
func (p *Pool) now() time.Duration { return time.Since(p.epoch) }

// Up starts the workers. Requests that come before one is ready wait in the queue. After Drain or Close it does nothing.
func (p *Pool) Up() {
	in := input{now: p.now()}
	p.mu.Lock()
	defer p.unlock()
	if p.closed {
		return
	}
	for i := range p.workers {
		w := &p.workers[i]
		if !w.want {
			w.want = true
			p.start(w, in.now)
		}
	}
}

// Drain ends the pool gently. No request gets a worker any more, those that wait get ErrClosed, those that run go on.
// A worker is stopped when it is idle.
func (p *Pool) Drain() { p.shut(evRetire) }

// Close ends the pool at once: it kills every worker and fails the requests that run. It may follow Drain.
func (p *Pool) Close() { p.shut(evKill) }

// Done returns a channel that is closed when, after Drain or Close, no worker is left.
func (p *Pool) Done() <-chan struct{} { return p.done }

func (p *Pool) shut(e event) {
	in := input{now: p.now(), reason: ReasonShutdown}
	p.mu.Lock()
	defer p.unlock()
	p.closed = true
	for w := p.queue.pop(); w != nil; w = p.queue.pop() {
		p.counts.refused++
		p.grant(w, nil, ErrClosed)
	}
	for i := range p.workers {
		w := &p.workers[i]
		w.want = false
		p.apply(w, e, &in)
	}
	p.checkDone()
}

// checkDone tells Done, once. Caller holds mu.
func (p *Pool) checkDone() {
	if !p.closed || p.finished || p.inState[Down] != len(p.workers) {
		return
	}
	p.finished = true
	if p.timer != nil {
		p.timer.Stop()
	}
	p.effects.add(effect{do: effectDone})
}

// Started reports that Start has succeeded. The pool owns proc.Conn from here on.
func (p *Pool) Started(id ID, proc Process) {
	p.event(id, evStarted, &input{pid: proc.Pid, conn: proc.Conn})
}

// StartFailed reports that Start has failed and nothing of it is left.
func (p *Pool) StartFailed(id ID, err error) {
	p.event(id, evStartFailed, &input{err: err})
}

// Dialed reports how a Dial went. With a nil error the pool owns conn from here on, else conn is ignored.
func (p *Pool) Dialed(id ID, conn Conn, err error) {
	if err != nil {
		p.event(id, evDialFailed, &input{err: err})
		return
	}
	p.event(id, evDialed, &input{conn: conn})
}

// Exited reports that a process has ended and was reaped, and that nothing else is left in its jail.
func (p *Pool) Exited(id ID, exit Exit) {
	p.event(id, evExited, &input{exit: &exit})
}

// event brings an answer of the Starter to its worker. One for a process that is gone is dropped before the table, so
// that the table can be strict.
func (p *Pool) event(id ID, e event, in *input) {
	in.now = p.now()
	p.mu.Lock()
	defer p.unlock()
	if int(id.Slot) >= len(p.workers) || p.workers[id.Slot].id.Gen != id.Gen {
		if in.conn != nil {
			p.effects.add(effect{do: effectClose, conn: in.conn})
		}
		return
	}
	w := &p.workers[id.Slot]
	if e == evDialed && w.requests > 0 {
		p.completed(w)
	}
	p.apply(w, e, in)
}

// completed notes that the worker's process can do its work: its slot owes nothing for earlier failures.
func (p *Pool) completed(w *worker) {
	w.completed, w.backoff = true, 0
}
