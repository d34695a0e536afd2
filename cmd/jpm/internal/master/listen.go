package master

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
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
	network, address, _ := strings.Cut(l.Address, ":")
	if network == "unix" {
		return listenUnix(address, l.UID, l.GID, l.Perm, l.Backlog)
	}
	return listenTCP(address, l.Backlog)
}

// listenStatus opens the socket of the status endpoint, which only root and the group root may use when it is a file.
func listenStatus(address string) (*listener, error) {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		return listenUnix(path, 0, 0, 0o660, 64)
	}
	return listenTCP(strings.TrimPrefix(address, "tcp:"), 64)
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
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("listen unix:%s: %w", path, err)
	}
	f := os.NewFile(uintptr(fd), path)
	// Mode 0 until the owner is right: nobody gets in through the moment between bind and chmod.
	old := unix.Umask(0o777)
	err = unix.Bind(fd, &unix.SockaddrUnix{Name: path})
	unix.Umask(old)
	if err == nil {
		err = errors.Join(os.Chown(path, int(uid), int(gid)), os.Chmod(path, os.FileMode(perm)), unix.Listen(fd, backlog))
	}
	var st unix.Stat_t
	if err == nil {
		err = unix.Lstat(path, &st)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("listen unix:%s: %w", path, err)
	}
	return &listener{file: f, path: path, ino: st.Ino}, nil
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
	a, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen tcp:%s: %w", address, err)
	}
	ln, err := net.ListenTCP("tcp", a)
	if err != nil {
		return nil, err
	}
	defer ln.Close()
	f, err := ln.File()
	if err != nil {
		return nil, fmt.Errorf("listen tcp:%s: %w", address, err)
	}
	// Listening again only changes the length of the queue, which the net package does not let us choose.
	if err := unix.Listen(int(f.Fd()), backlog); err != nil {
		f.Close()
		return nil, fmt.Errorf("listen tcp:%s: %w", address, err)
	}
	return &listener{file: f}, nil
}

// close closes the socket and removes its file, unless another process has put its own there.
func (l *listener) close() {
	var st unix.Stat_t
	if l.path != "" && unix.Lstat(l.path, &st) == nil && st.Ino == l.ino {
		os.Remove(l.path)
	}
	l.file.Close()
}
