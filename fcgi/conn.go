package fcgi

import (
	"fmt"
	"net"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Conn is a connection to a worker. It carries one request at a time and is used by the relay between Pick and the Upstream's Done; otherwise its
// owner may only Close it, which may be done at any time and more than once. All requests on it must be of Proxies with the same Loop.
type Conn struct {
	mu sync.Mutex
	fd int // guarded by mu while no request uses the connection; -1 when it is closed

	loop  *Loop
	s     *stream // the request that uses it, nil if none does
	uses  int     // requests that were answered on it
	mask  uint32  // events it is registered for
	known bool    // it is registered
	dead  error   // what is wrong with it, found while no request used it
}

// NewConn takes over a connected stream socket. It must come from package net; of c nothing is left but the Conn.
func NewConn(c net.Conn) (*Conn, error) {
	f, err := c.(interface{ File() (*os.File, error) }).File()
	_ = c.Close()
	if err != nil {
		return nil, fmt.Errorf("worker connection: %w", err)
	}
	return FileConn(f)
}

// FileConn takes over a connected socket that came as a file. The file is closed in any case.
func FileConn(f *os.File) (*Conn, error) {
	fd, err := ownFD(f)
	if err != nil {
		return nil, fmt.Errorf("worker connection: %w", err)
	}
	return &Conn{fd: fd}, nil
}

// ownFD is a descriptor of our own for the socket of f, which it closes: Go's poller shall not know it. It does not block.
func ownFD(f *os.File) (int, error) {
	defer f.Close()
	raw, err := f.SyscallConn()
	if err != nil {
		return -1, err
	}
	fd, dupErr := -1, error(nil)
	if err := raw.Control(func(n uintptr) { fd, dupErr = unix.FcntlInt(n, unix.F_DUPFD_CLOEXEC, 3) }); err != nil {
		return -1, err
	}
	if dupErr != nil {
		return -1, os.NewSyscallError("fcntl", dupErr)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		closeFD(fd)
		return -1, os.NewSyscallError("fcntl", err)
	}
	return fd, nil
}

// Close closes the connection.
func (w *Conn) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fd >= 0 {
		closeFD(w.fd)
		w.fd = -1
	}
	return nil
}

// attach lends the connection to a request. The error says why it is of no use: it is closed, or the worker has said what nobody asked for.
func (w *Conn) attach(l *Loop, s *stream) error {
	switch {
	case w.dead != nil:
		return w.dead
	case w.fd < 0:
		return errStale
	case w.known && w.loop != l:
		return fmt.Errorf("bug: %w", errLoop)
	case !w.known:
		if err := l.register(w.fd, w, unix.EPOLLIN); err != nil {
			return err
		}
		w.loop, w.known, w.mask = l, true, unix.EPOLLIN
	}
	w.s = s
	w.want(unix.EPOLLIN)
	return nil
}

// detach ends the use by a request.
func (w *Conn) detach() {
	w.s = nil
	if w.known && w.dead == nil {
		w.want(unix.EPOLLIN)
	}
}

// want changes the events that the connection waits for. Without any it leaves epoll, which would go on telling that the worker has hung up.
func (w *Conn) want(mask uint32) {
	if w.mask == mask {
		return
	}
	switch {
	case mask == 0:
		_ = unix.EpollCtl(w.loop.ep, unix.EPOLL_CTL_DEL, w.fd, nil)
	case w.mask == 0:
		if err := w.loop.register(w.fd, w, mask); err != nil {
			w.s.lost(err)
			return
		}
	default:
		w.loop.modify(w.fd, mask)
	}
	w.mask = mask
}

// shut closes a connection that a request uses.
func (w *Conn) shut() {
	if w.known && w.fd >= 0 {
		w.loop.forget(w.fd)
	}
	w.s = nil
	_ = w.Close()
}

// event implements handler.
func (w *Conn) event(mask uint32) {
	if w.s != nil {
		w.s.workerEvent(mask)
		return
	}
	// Nobody uses it: the worker has closed it, or has said what nobody asked for. Whoever owns the connection may close it at this
	// moment.
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fd < 0 {
		return
	}
	var one [1]byte
	switch n, e := recv(w.fd, one[:], unix.MSG_PEEK); {
	case e == unix.EAGAIN:
		return
	case e == 0 && n > 0:
		w.dead = violation("bytes that nobody asked for")
	default:
		w.dead = errStale
	}
	w.loop.forget(w.fd)
	_ = unix.EpollCtl(w.loop.ep, unix.EPOLL_CTL_DEL, w.fd, nil)
}

// crashed implements handler.
func (w *Conn) crashed() {
	if w.s != nil {
		w.s.client.crashed()
	}
}
