package master

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"jpm/config"
)

// listener is one bound socket. It stays open while proxies come and go.
type listener struct {
	file *os.File
	path string // of a unix socket, else empty
	ino  uint64 // of path, so that only our own file is removed
}

// listen opens the socket of one listen block.
func listen(l config.Listen) (*listener, error) {
	network, address := l.Network()
	if network == "unix" {
		return listenUnix(address, l.UID, l.GID, l.Perm, l.Backlog)
	}
	return listenTCP(address, l.Backlog)
}

// listenStatus opens the socket of the status endpoint, which only who runs jpm, and the group of that user, may use when it is a file.
func listenStatus(s config.Status) (*listener, error) {
	network, address := s.Network()
	if network == "unix" {
		return listenUnix(address, uint32(os.Geteuid()), uint32(os.Getegid()), 0o660, 64)
	}
	return listenTCP(address, 64)
}

// listenUnix binds a socket file. A file that nobody answers on is left over from a process that was killed, and is
// replaced; one that somebody answers on is an error.
func listenUnix(path string, uid, gid, perm uint32, backlog int) (*listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("listen unix:%s: %w", path, err)
	}
	if err := removeStale(path); err != nil {
		return nil, fmt.Errorf("listen unix:%s: %w", path, err)
	}
	l := &listener{path: path}
	err := l.open(unix.AF_UNIX, func(fd int) error {
		// Mode 0 until the owner is right: nobody gets in through the moment between bind and chmod.
		old := unix.Umask(0o777)
		err := unix.Bind(fd, &unix.SockaddrUnix{Name: path})
		unix.Umask(old)
		var st unix.Stat_t
		if err == nil {
			err = errors.Join(os.Chown(path, int(uid), int(gid)), os.Chmod(path, os.FileMode(perm)), unix.Lstat(path, &st))
		}
		l.ino = st.Ino
		return err
	}, backlog)
	if err != nil {
		return nil, fmt.Errorf("listen unix:%s: %w", path, err)
	}
	return l, nil
}

// open makes the socket. It is blocking while it becomes a file, so that the runtime does not watch it: the master would wake up for every
// connection that the proxy accepts. The proxy makes it non-blocking.
func (l *listener) open(domain int, bind func(fd int) error, backlog int) error {
	fd, err := unix.Socket(domain, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	l.file = os.NewFile(uintptr(fd), "listener")
	if err = bind(fd); err == nil {
		err = os.NewSyscallError("listen", unix.Listen(fd, backlog))
	}
	if err != nil {
		l.file.Close()
	}
	return err
}

// removeStale removes a socket file that nobody listens on.
func removeStale(path string) error {
	fi, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if fi.Mode().Type() != os.ModeSocket {
		return errors.New("exists and is not a socket")
	}
	c, err := net.Dial("unix", path)
	if err == nil {
		c.Close()
		return errors.New("another process listens there")
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return err
	}
	return os.Remove(path)
}

func listenTCP(address string, backlog int) (*listener, error) {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, fmt.Errorf("listen tcp:%s: %w", address, err)
	}
	domain, sa := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Port: int(ap.Port()), Addr: ap.Addr().As16()})
	if ap.Addr().Is4() {
		domain, sa = unix.AF_INET, &unix.SockaddrInet4{Port: int(ap.Port()), Addr: ap.Addr().As4()}
	}
	l := new(listener)
	err = l.open(domain, func(fd int) error {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
		return os.NewSyscallError("bind", unix.Bind(fd, sa))
	}, backlog)
	if err != nil {
		return nil, fmt.Errorf("listen tcp:%s: %w", address, err)
	}
	return l, nil
}

// close closes the socket and removes its file, unless another process has put its own there.
func (l *listener) close() {
	var st unix.Stat_t
	if l.path != "" && unix.Lstat(l.path, &st) == nil && st.Ino == l.ino {
		os.Remove(l.path)
	}
	l.file.Close()
}
