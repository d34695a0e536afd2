package fcgi

import (
	"io"
	"net"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// past is a deadline that makes blocked I/O return at once.
var past = time.Unix(1, 0)

// recv reads what is there, without blocking. No bytes and no error is the end of the stream.
//
// The call does not tell the scheduler, which costs more than the call: it never sleeps, and copies some ten microseconds at most.
func recv(fd uintptr, b []byte, flags int) (int, syscall.Errno) {
	for {
		n, _, e := unix.RawSyscall6(unix.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)),
			uintptr(unix.MSG_DONTWAIT|flags), 0, 0)
		if e == 0 {
			return int(n), 0
		}
		if e != unix.EINTR {
			return 0, e
		}
	}
}

// send writes as much of b as fits, without blocking. With an error that is not EAGAIN nothing is known of the bytes that went before.
func send(fd uintptr, b []byte) (int, syscall.Errno) {
	sent := 0
	for sent < len(b) {
		rest := b[sent:]
		n, _, e := unix.RawSyscall6(unix.SYS_SENDTO, fd, uintptr(unsafe.Pointer(unsafe.SliceData(rest))), uintptr(len(rest)),
			unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
		switch e {
		case 0:
			sent += int(n)
		case unix.EINTR:
		default:
			return sent, e
		}
	}
	return sent, 0
}

// hungUp asks whether the peer has closed the connection both ways, whatever bytes are still to be read. Where a half-close cannot be told
// from a close, as on TCP, either counts.
func hungUp(fd uintptr, local bool) bool {
	p := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
	if n, err := unix.Poll(p[:], 0); n <= 0 || err != nil {
		return false
	}
	mask := int16(unix.POLLHUP | unix.POLLERR)
	if !local {
		mask |= unix.POLLRDHUP
	}
	return p[0].Revents&mask != 0
}

// outlet writes to one connection. Writes are whole: two of them never mix.
type outlet struct {
	mu    sync.Mutex
	raw   syscall.RawConn
	b     []byte // guarded by mu: what is still to be written
	err   error  // guarded by mu: the first error; what was written before may be a piece of a record, so there is no second try
	ready func(uintptr) bool
}

// open makes the outlet write to raw.
func (o *outlet) open(raw syscall.RawConn) {
	o.raw, o.b, o.err = raw, nil, nil
	if o.ready == nil {
		o.ready = o.onWritable
	}
}

func (o *outlet) onWritable(fd uintptr) bool {
	n, e := send(fd, o.b)
	o.b = o.b[n:]
	switch e {
	case unix.EAGAIN:
		return false
	case 0:
	default:
		o.err = e
	}
	return true
}

// write writes all of b and waits for it.
func (o *outlet) write(b []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return o.err
	}
	o.b = b
	if err := o.raw.Write(o.ready); err != nil && o.err == nil {
		o.err = err
	}
	o.b = nil
	return o.err
}

// linger closes a connection on which the peer may still be sending, so that what we wrote last is read and not thrown away by a reset:
// it closes our side, and reads and forgets what comes until the peer closes too, for a short time only.
func linger(c net.Conn) {
	const patience = time.Second
	if hc, ok := c.(interface{ CloseWrite() error }); ok && hc.CloseWrite() == nil {
		_ = c.SetDeadline(time.Now().Add(patience))
		b := getBuffer()
		_, _ = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{c}, b[:])
		putBuffer(b)
	}
	_ = c.Close()
}
