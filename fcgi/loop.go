package fcgi

import (
	"fmt"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"
)

// Loop is one thread that does all I/O of one or more Proxies: it waits for events of their listeners, clients and workers (epoll(7)) and acts on
// each. Whatever belongs to a connection or a request is touched by this thread alone, so nothing of it is locked; others speak to it by tasks.
//
// It asks for what it can use only: for readability, and for room to write only after a write that did not fit. Go's own poller asks for
// both, always, and so is woken by each read of a peer.
type Loop struct {
	log     *zap.Logger
	ep      int
	wakeFD  int
	table   []registered      // by descriptor
	events  []unix.EpollEvent // filled by epoll_wait
	in      *[inputSize]byte  // what is read from a client, until it has been parsed; content goes to workers from here
	now     time.Time         // of the last wake-up
	timers  timers            // of clients
	streams []*stream         // free ones
	clients []*client         // free ones
	spare   []task            // the other half of tasks
	ended   chan struct{}     // closed when the thread has ended

	mu     sync.Mutex
	tasks  []task // guarded by mu
	asleep bool   // guarded by mu: wakeFD must be written to
	over   bool   // guarded by mu
}

// inputSize is how much is read from a client at once, with the room for the header that type input needs.
const inputSize = headerLen + 128<<10

// handler is what has a descriptor in the loop.
type handler interface {
	// event acts on what epoll tells of the descriptor.
	event(mask uint32)
	// crashed ends what it can after a panic in event.
	crashed()
}

// registered is a descriptor's row in the table. The generation tells late events of a descriptor's former owner from those of its owner.
type registered struct {
	h   handler
	gen uint32
}

// NewLoop starts the thread. log may be nil. Whoever makes a Loop ends it by Close, when its Proxies are shut down.
func NewLoop(log *zap.Logger) (*Loop, error) {
	if log == nil {
		log = zap.NewNop()
	}
	l := &Loop{log: log, ended: make(chan struct{}), now: time.Now()}
	if err := l.open(); err != nil {
		return nil, err
	}
	go l.run()
	return l, nil
}

// open makes what the thread waits with.
func (l *Loop) open() (err error) {
	l.events, l.in = make([]unix.EpollEvent, 64), new([inputSize]byte)
	if l.ep, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	if l.wakeFD, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
		closeFD(l.ep)
		return os.NewSyscallError("eventfd", err)
	}
	// The epoll does not block either: os.NewFile asks that, for park.
	if err = unix.SetNonblock(l.ep, true); err == nil {
		err = l.register(l.wakeFD, (*waker)(l), unix.EPOLLIN)
	}
	if err != nil {
		l.release()
	}
	return err
}

// release closes what open has made.
func (l *Loop) release() {
	closeFD(l.ep)
	closeFD(l.wakeFD)
}

// Close ends the thread and waits for it. What is still connected is left as it is.
func (l *Loop) Close() {
	l.post(task{kind: taskEnd})
	<-l.ended
}

// register adds a descriptor, for the events in mask.
func (l *Loop) register(fd int, h handler, mask uint32) error {
	for len(l.table) <= fd {
		l.table = append(l.table, registered{})
	}
	r := &l.table[fd]
	r.h = h
	r.gen++
	e := unix.EpollEvent{Events: mask, Fd: int32(fd), Pad: int32(r.gen)}
	if err := unix.EpollCtl(l.ep, unix.EPOLL_CTL_ADD, fd, &e); err != nil {
		r.h = nil
		return fmt.Errorf("epoll_ctl add: %w", err)
	}
	return nil
}

// modify changes the events that a descriptor is registered for. It cannot fail, unless memory of the kernel's is corrupt.
func (l *Loop) modify(fd int, mask uint32) {
	e := unix.EpollEvent{Events: mask, Fd: int32(fd), Pad: int32(l.table[fd].gen)}
	_ = unix.EpollCtl(l.ep, unix.EPOLL_CTL_MOD, fd, &e)
}

// forget is told when a registered descriptor is about to be closed, which takes it out of epoll.
func (l *Loop) forget(fd int) {
	if fd < len(l.table) {
		l.table[fd].h = nil
	}
}

// run is the thread.
func (l *Loop) run() {
	defer close(l.ended)
	defer l.release()
	for {
		n := l.wait()
		l.now = time.Now()
		// Tasks come first: whoever posts one before it causes an event, by killing a worker for example, may rely on that order. And last, since
		// the thread posts some itself.
		if l.work() {
			return
		}
		for _, e := range l.events[:n] {
			if r := l.table[e.Fd]; r.h != nil && r.gen == uint32(e.Pad) {
				l.guard(r.h, e.Events)
			}
		}
		for c := l.timers.expired(l.now); c != nil; c = l.timers.expired(l.now) {
			l.guard((*timeout)(c), 0)
		}
		if l.work() {
			return
		}
	}
}

// guard lets a handler act. A panic costs what it handles only.
func (l *Loop) guard(h handler, mask uint32) {
	defer func() {
		if v := recover(); v != nil {
			l.log.Error("panic in a connection", zap.Any("panic", v), zap.Stack("stack"))
			h.crashed()
		}
	}()
	h.event(mask)
}

// waker is the end of the loop that tasks wake.
type waker Loop

func (w *waker) event(uint32) {
	var b [8]byte
	_, _ = unix.Read(w.wakeFD, b[:])
}

func (w *waker) crashed() {}
