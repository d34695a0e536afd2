package fcgi

import (
	"fmt"
	"os"
	"time"
	"unsafe"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"
)

// attentive is how long the thread waits for the next event without telling Go's scheduler. A wait that the scheduler knows of makes its monitor
// look every 20 microseconds whether the processor should be given to somebody else, and look for it again afterwards: with some thousand
// events per second that cost more than the relay itself. Whoever needs the thread meanwhile (the garbage collector) interrupts the call by a signal.
const attentive = 2 * time.Millisecond

// wait waits for events, for the next timer, or for a task, and says how many events there are. It may also return for nothing.
func (l *Loop) wait() int {
	l.mu.Lock()
	if len(l.tasks) > 0 {
		l.mu.Unlock()
		return l.poll(0)
	}
	l.asleep = true
	l.mu.Unlock()
	due, timed := l.timers.next()
	if timed && time.Until(due) <= attentive {
		return l.poll(max(0, time.Until(due)))
	}
	if n := l.poll(attentive); n > 0 {
		return n
	}
	n, _ := l.park(due) // it fails without descriptors or memory: then the thread stays attentive
	return n
}

// poll takes the events there are, or waits for some, to the millisecond.
func (l *Loop) poll(d time.Duration) int {
	ms := (d + time.Millisecond - 1) / time.Millisecond
	n, _, e := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(l.ep), uintptr(unsafe.Pointer(&l.events[0])), uintptr(len(l.events)), uintptr(ms), 0, 0)
	switch e {
	case 0:
		return int(n)
	case unix.EINTR:
		return 0
	}
	l.log.Fatal("bug: epoll_pwait", zap.Error(e)) // not a descriptor, or not an epoll
	return 0
}

// park leaves the thread to others until there are events or the time has come; without a time it has no end. Go's poller watches the epoll
// meanwhile, and only then: it would be woken by each event too.
func (l *Loop) park(due time.Time) (n int, err error) {
	fd, err := unix.FcntlInt(uintptr(l.ep), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return 0, os.NewSyscallError("fcntl", err)
	}
	f := os.NewFile(uintptr(fd), "epoll")
	defer f.Close()
	if err := f.SetReadDeadline(due); err != nil {
		return 0, fmt.Errorf("epoll: %w", err)
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, fmt.Errorf("epoll: %w", err)
	}
	// Read forgets what its poller has told before. So the epoll is looked at first, and once more before each wait. The error is that of the
	// deadline, which Read tells even if it could tell of events: on a busy machine both are there when it looks. But what came in time is in time.
	_ = raw.Read(func(uintptr) bool {
		n = l.poll(0)
		return n > 0
	})
	if n == 0 {
		n = l.poll(0)
	}
	return n, nil
}
