package main

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// visitor is one connection, and the request it waits for the answer to.
type visitor struct {
	fd      int
	request int
	busy    bool
	answer  answer
}

// timerMark is what epoll says of the timer; connections have their index.
const timerMark = -1

// open makes the poller, the timer and n connections.
func (g *generator) open(n int) (err error) {
	if g.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return fmt.Errorf("epoll_create1: %w", err)
	}
	if g.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK); err != nil {
		return fmt.Errorf("timerfd_create: %w", err)
	}
	if err := unix.EpollCtl(g.epoll, unix.EPOLL_CTL_ADD, g.timer, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: timerMark}); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	for i := range n {
		v := &visitor{fd: -1}
		g.visitors = append(g.visitors, v)
		if err := g.connect(i); err != nil {
			return err
		}
		g.free = append(g.free, v)
	}
	return nil
}

// connect gives connection i a new socket.
func (g *generator) connect(i int) (err error) {
	v := g.visitors[i]
	if v.fd >= 0 {
		unix.Close(v.fd)
	}
	// On loopback connect(2) waits for nobody but the kernel.
	if v.fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0); err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	if err := unix.Connect(v.fd, g.addr); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	if err := errors.Join(unix.SetNonblock(v.fd, true), unix.SetsockoptInt(v.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)); err != nil {
		return fmt.Errorf("set up a connection: %w", err)
	}
	if err := unix.EpollCtl(g.epoll, unix.EPOLL_CTL_ADD, v.fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	return nil
}

// close closes every descriptor.
func (g *generator) close() {
	for _, v := range g.visitors {
		if v.fd >= 0 {
			unix.Close(v.fd)
		}
	}
	for _, fd := range []int{g.timer, g.epoll} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}
