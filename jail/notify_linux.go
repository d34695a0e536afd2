package jail

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"jpm/jail/internal/seccomp"
	"jpm/jail/plan"
)

// The kernel's structures (seccomp_unotify(2)).
type (
	notification struct {
		id         uint64
		pid, flags uint32 // pid is the thread's, in the master's pid namespace
		nr         int32
		arch       uint32
		ip         uint64
		args       [6]uint64
	}
	notificationAnswer struct {
		id    uint64
		val   int64
		errno int32
		flags uint32
	}
)

const listenerLink = "anon_inode:seccomp notify"

// denied answers one worker's denied calls, as long as there is the worker. It never lets one pass: no answer that it gives says
// "continue", so what a worker writes into its memory meanwhile changes nothing but what the master is told.
//
// When nobody answers any more, the calls fail with ENOSYS: that is what the kernel says once the listener is closed. When the
// master is slow they wait, and a kill ends that: with SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV nothing but a kill.
type denied struct {
	f       *os.File
	profile *seccomp.Profile
	tell    func(Denial)
	began   time.Time
	budget  budget
	done    chan struct{}
}

// takeListener fetches the listener whose number jpm-init has told, and serves it.
func (w *Worker) takeListener(msg []byte, profile *seccomp.Profile, tell func(Denial)) error {
	if len(msg) != plan.ListenerSize || msg[0] != plan.Listener {
		return fmt.Errorf("jpm-init sent %q instead of its listener", msg)
	}
	// Under the lock, because the worker may end at any moment; wait closes what is there then.
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.worker < 0 {
		return errGone
	}
	fd, err := unix.PidfdGetfd(w.worker, int(binary.LittleEndian.Uint32(msg[1:])), 0)
	if err != nil {
		return fmt.Errorf("pidfd_getfd listener: %w", err)
	}
	if link, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd)); err != nil || link != listenerLink {
		unix.Close(fd)
		return &VerifyError{"listener", listenerLink, link}
	}
	if tell == nil {
		tell = func(Denial) {}
	}
	w.denied = &denied{f: pollable(fd, "seccomp listener"), profile: profile, tell: tell, began: time.Now(), done: make(chan struct{})}
	go w.denied.serve()
	return nil
}

// close ends serve and waits for it.
func (d *denied) close() {
	d.f.Close()
	<-d.done
}

// serve answers until the listener is closed or nobody is left who could call.
func (d *denied) serve() {
	defer close(d.done)
	defer func() { d.sum(d.budget.rest()) }()
	defer d.f.Close() // a listener that nobody reads would hold the worker for ever
	c, err := d.f.SyscallConn()
	if err != nil {
		return
	}
	for {
		var n notification
		var got error
		err := c.Read(func(fd uintptr) bool {
			n, got = receive(int(fd))
			return got != unix.EAGAIN
		})
		now := time.Since(d.began)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
		case err != nil:
			return
		case errors.Is(got, unix.ENOENT): // a signal took the thread out of the call before we came
		case got != nil:
			return
		default:
			d.handle(&n, now)
		}
		d.sum(d.budget.sum(now))
		// A sum that waits must not wait for the next call.
		deadline := time.Time{}
		if d.budget.count > 0 {
			deadline = d.began.Add(d.budget.since + denialSum)
		}
		if d.f.SetReadDeadline(deadline) != nil {
			return
		}
	}
}

// handle answers one call and tells of it.
func (d *denied) handle(n *notification, now time.Duration) {
	told := d.budget.take(now)
	den := Denial{Time: time.Now(), Count: 1, Errno: answer(d.profile, uint32(n.nr), n.args)}
	if told {
		den.Call = callName(uint32(n.nr))
		den.Args = showArgs(den.Call, n.args, func(at uint64, size int) []byte { return readMemory(int(n.pid), at, size) })
		if d.ioctl(unix.SECCOMP_IOCTL_NOTIF_ID_VALID, unsafe.Pointer(&n.id)) != nil {
			// The thread is gone, and what was read may be another's who has its id now.
			den.Args = ""
		}
	}
	a := notificationAnswer{id: n.id, errno: -int32(den.Errno)}
	// It fails when the thread has gone meanwhile. The call was not made then either.
	_ = d.ioctl(unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&a))
	if told {
		d.tell(den)
		return
	}
	time.Sleep(d.budget.pause())
}

// sum tells of calls that were only counted.
func (d *denied) sum(n uint64) {
	if n > 0 {
		d.tell(Denial{Time: time.Now(), Count: n})
	}
}

// callName is a system call's name, or its number.
func callName(nr uint32) string {
	if name := seccomp.Name(nr); name != "" {
		return name
	}
	return strconv.FormatUint(uint64(nr), 10)
}

func (d *denied) ioctl(request uint, arg unsafe.Pointer) error {
	c, err := d.f.SyscallConn()
	if err != nil {
		return err
	}
	var e error
	if err := c.Control(func(fd uintptr) { e = notifyIoctl(int(fd), request, arg) }); err != nil {
		return err
	}
	return e
}

// receive takes a notification if there is one: EAGAIN if not, EPIPE if there will be none. It looks first, because receiving waits even
// on a descriptor that does not block. Between the two the call can only be taken back, and the kernel answers ENOENT then.
func receive(fd int) (notification, error) {
	p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for {
		switch n, err := unix.Poll(p, 0); {
		case err == unix.EINTR:
			continue
		case err != nil:
			return notification{}, err
		case n == 0, p[0].Revents&(unix.POLLIN|unix.POLLHUP) == 0:
			return notification{}, unix.EAGAIN
		case p[0].Revents&unix.POLLIN == 0:
			return notification{}, unix.EPIPE
		}
		var n notification // the kernel wants it zero
		err := notifyIoctl(fd, unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(&n))
		if err == unix.EINTR {
			continue
		}
		return n, err
	}
}

func notifyIoctl(fd int, request uint, arg unsafe.Pointer) error {
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(request), uintptr(arg)); e != 0 {
		return e
	}
	return nil
}

// readMemory reads from a thread of the worker, in two pieces that end at a page, so that text near the end of a mapping is read too.
func readMemory(tid int, at uint64, n int) []byte {
	if at == 0 || n <= 0 || at > 1<<63 {
		return nil
	}
	b := make([]byte, n)
	const page = 4096 // no page is smaller
	first := min(n, int(page-at%page))
	remote := []unix.RemoteIovec{{Base: uintptr(at), Len: first}, {Base: uintptr(at) + uintptr(first), Len: n - first}}
	local := []unix.Iovec{{Base: &b[0]}}
	local[0].SetLen(n)
	got, err := unix.ProcessVMReadv(tid, local, remote, 0)
	if err != nil {
		return nil
	}
	return b[:got]
}
