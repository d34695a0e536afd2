package jail

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// backlog of a worker's listener: one connection at a time is used; the rest is room for one that was given up.
const backlog = 8

// listen makes the worker's own listener and queues the first connection on it, so that the worker finds it the moment it
// is up. It runs on the spawning thread, whose working directory is the listeners'. The listener is blocking: php-cgi ends
// when accept says EAGAIN.
func (w *Worker) listen() error {
	s := w.s
	s.mu.Lock()
	s.gen++
	gen := s.gen
	s.mu.Unlock()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("listener: %w", err)
	}
	name := strconv.FormatUint(gen, 10)
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: name}); err != nil {
		unix.Close(fd)
		return fmt.Errorf("bind listener: %w", err)
	}
	w.listener, w.socket = fd, name
	if err := unix.Listen(fd, backlog); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	w.conn, err = w.connect()
	return err
}

// connect makes a connection to the worker's listener; it is queued there until the worker accepts it.
func (w *Worker) connect() (*os.File, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("connection: %w", err)
	}
	// The directory is in the spawning thread's mount namespace; through its descriptor every thread reaches it.
	path := "/proc/self/fd/" + strconv.Itoa(w.s.sock) + "/" + w.socket
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("connect to worker: %w", err)
	}
	return os.NewFile(uintptr(fd), "worker connection"), nil
}

// errGone says that the worker ended before it accepted.
var errGone = errors.New("worker ended")

// accepted waits until nothing is queued on the listener any more. There is no event for that, so it looks: after 1 ms at first,
// every 2 ms while a program usually starts, every 10 ms when that has taken longer than usual.
func (w *Worker) accepted(ctx context.Context) error {
	began, delay := time.Now(), time.Millisecond
	timer := time.NewTimer(delay)
	defer timer.Stop()
	for {
		queued, err := w.queued()
		if err != nil || !queued {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.done:
			return errGone
		case <-timer.C:
		}
		if delay = 2 * time.Millisecond; time.Since(began) > 100*time.Millisecond {
			delay = 10 * time.Millisecond
		}
		timer.Reset(delay)
	}
}

// queued says whether a connection waits to be accepted.
func (w *Worker) queued() (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.listener < 0 {
		return false, errGone
	}
	fds := []unix.PollFd{{Fd: int32(w.listener), Events: unix.POLLIN}}
	for {
		_, err := unix.Poll(fds, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return false, fmt.Errorf("poll listener: %w", err)
		}
		// A worker can shut its listener down; that shows as POLLHUP and it will never accept again.
		if fds[0].Revents&(unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) != 0 {
			return false, fmt.Errorf("worker shut its listener down")
		}
		return fds[0].Revents&unix.POLLIN != 0, nil
	}
}
