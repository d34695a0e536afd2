package fcgi

import (
	"net/netip"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls of this file that are made raw never sleep and are over in some ten microseconds at most. So they do not tell Go's scheduler, which would cost more
// than they do.

// recv reads what is there. No bytes and no error is the end of the stream.
func recv(fd int, b []byte, flags int) (int, syscall.Errno) {
	for {
		n, _, e := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)),
			uintptr(unix.MSG_DONTWAIT|flags), 0, 0)
		if e == 0 {
			return int(n), 0
		}
		if e != unix.EINTR {
			return 0, e
		}
	}
}

// send writes as much of b as fits. With an error that is not EAGAIN nothing is known of the bytes that went before.
func send(fd int, b []byte) (int, syscall.Errno) {
	sent := 0
	for sent < len(b) {
		rest := b[sent:]
		n, _, e := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(rest))), uintptr(len(rest)),
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

// accept takes a connection from a listening socket that does not block.
func accept(fd int) (int, error) {
	n, _, e := unix.RawSyscall6(unix.SYS_ACCEPT4, uintptr(fd), 0, 0, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	if e != 0 {
		return -1, os.NewSyscallError("accept4", e)
	}
	return int(n), nil
}

// closeFD closes a socket. It never waits: no socket of ours has SO_LINGER.
func closeFD(fd int) { _, _, _ = unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0) }

// hungUp asks whether the peer has closed the connection both ways, whatever bytes are still to be read. Where a half-close cannot be told
// from a close, as on TCP, either counts.
func hungUp(fd int, local bool) bool {
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

// remote is the address of a TCP peer, invalid if it has gone.
func remote(fd int) netip.Addr {
	sa, err := unix.Getpeername(fd)
	if err != nil {
		return netip.Addr{}
	}
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrFrom4(sa.Addr)
	case *unix.SockaddrInet6:
		return netip.AddrFrom16(sa.Addr).Unmap()
	}
	return netip.Addr{}
}

// tuneTCP makes records leave at once and finds peers that have vanished. Errors cost only that.
func tuneTCP(fd int) {
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
}
