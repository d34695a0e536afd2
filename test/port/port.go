// Package port finds TCP ports for programs that tests start.
package port

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Hold takes a TCP port of 127.0.0.1 that nobody has, for a program that is yet to listen on it. Until release nobody else is given it, neither to
// listen nor to connect from: a port that is only looked up can be another's by the time the program comes.
//
// It is bound by a socket that does not listen. Programs that set SO_REUSEADDR, as servers do, may listen on it all the same (socket(7)).
func Hold() (port int, release func(), err error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, nil, os.NewSyscallError("socket", err)
	}
	if port, err = bind(fd); err != nil {
		_ = unix.Close(fd)
		return 0, nil, fmt.Errorf("a free port: %w", err)
	}
	return port, func() { _ = unix.Close(fd) }, nil
}

// bind has the kernel choose a port.
func bind(fd int) (int, error) {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return 0, os.NewSyscallError("setsockopt", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return 0, os.NewSyscallError("bind", err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		return 0, os.NewSyscallError("getsockname", err)
	}
	return name.(*unix.SockaddrInet4).Port, nil
}
