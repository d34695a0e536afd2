package fcgi

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"
)

// listener is one listening socket. The loop's thread owns it.
type listener struct {
	proxy  *Proxy
	fd     int
	local  bool
	allow  func(netip.Addr) bool
	over   chan error    // what Serve returns
	rests  bool          // not registered
	pause  time.Duration // the last one, while accept fails
	closed bool
}

// listen begins to accept.
func (p *Proxy) listen(l *listener) {
	if p.closing {
		l.close(ErrClosed)
		return
	}
	domain, err := unix.GetsockoptInt(l.fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil {
		l.close(fmt.Errorf("listener: %w", os.NewSyscallError("getsockopt", err)))
		return
	}
	l.local, l.rests = domain == unix.AF_UNIX, true
	p.listeners[l] = struct{}{}
	l.resume()
}

// resume accepts again, if there is room.
func (l *listener) resume() {
	p := l.proxy
	if l.closed || !l.rests || len(p.clients) >= p.MaxConns {
		return
	}
	if err := p.loop.register(l.fd, l, unix.EPOLLIN); err != nil {
		l.close(fmt.Errorf("listener: %w", err))
		return
	}
	l.rests = false
}

// rest accepts no more until resume.
func (l *listener) rest() {
	if !l.rests {
		l.rests = true
		l.proxy.loop.forget(l.fd)
		_ = unix.EpollCtl(l.proxy.loop.ep, unix.EPOLL_CTL_DEL, l.fd, nil)
	}
}

// close ends the listener; Serve returns err.
func (l *listener) close(err error) {
	l.rest()
	l.closed = true
	closeFD(l.fd)
	delete(l.proxy.listeners, l)
	l.over <- err
}

// event implements handler. It takes one connection; if there are more, epoll says so again.
func (l *listener) event(uint32) {
	p := l.proxy
	if len(p.clients) >= p.MaxConns {
		p.Log.Warn("connection limit reached", zap.Int("max_conns", p.MaxConns))
		l.rest()
		return
	}
	fd, err := p.accept(l.fd)
	switch {
	case err == nil:
		l.pause = 0
		l.take(fd)
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.ECONNABORTED), errors.Is(err, syscall.EINTR):
	case transient(err):
		// Other connections go on, and when they close there is room again.
		if l.pause == 0 {
			p.Log.Error("accept paused", zap.Error(err))
		}
		l.pause = min(max(2*l.pause, 10*time.Millisecond), time.Second)
		l.rest()
		time.AfterFunc(l.pause, func() { p.loop.post(task{kind: taskResume, listener: l}) })
	default:
		l.close(fmt.Errorf("accept: %w", err))
	}
}

// take judges a new connection.
func (l *listener) take(fd int) {
	if !l.local {
		if l.allow != nil {
			if addr := remote(fd); !l.allow(addr) {
				l.proxy.Log.Warn("client not allowed", zap.Stringer("client", addr))
				closeFD(fd)
				return
			}
		}
		tuneTCP(fd)
	}
	l.proxy.welcome(fd, l.local)
}

// transient says whether accept may succeed later.
func transient(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ENOBUFS} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// crashed implements handler.
func (l *listener) crashed() {}
