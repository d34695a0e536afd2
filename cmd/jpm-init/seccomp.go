package main

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"

	"jpm/jail/plan"
)

// loadFilter installs a seccomp program: an array of struct sock_filter. flags as in seccomp(2). With SECCOMP_FILTER_FLAG_NEW_LISTENER
// it returns the listener, which is close-on-exec.
func loadFilter(prog []byte, flags uint32) (int, error) {
	const size = int(unsafe.Sizeof(unix.SockFilter{}))
	if len(prog) == 0 || len(prog)%size != 0 || len(prog)/size > 4096 {
		return -1, fmt.Errorf("program of %d bytes: %w", len(prog), unix.EINVAL)
	}
	fprog := unix.SockFprog{Len: uint16(len(prog) / size), Filter: (*unix.SockFilter)(unsafe.Pointer(&prog[0]))}
	r, _, e := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, uintptr(flags), uintptr(unsafe.Pointer(&fprog)))
	if e != 0 {
		return -1, e
	}
	if flags&unix.SECCOMP_FILTER_FLAG_NEW_LISTENER == 0 && r != 0 {
		return -1, fmt.Errorf("thread %d could not be confined", r)
	}
	return int(r), nil
}

// seccomp installs the profile, headed by the rule of the one exec unless the worker may start programs. With a listener, the
// master fetches it before the worker's first line runs.
func (s *stage) seccomp() error {
	prog := s.p.Filter
	if s.p.ExecOnce {
		deny := uint32(unix.SECCOMP_RET_ERRNO) | uint32(unix.EPERM)
		if s.p.Listener != 0 {
			deny = unix.SECCOMP_RET_USER_NOTIF
		}
		prog = append(s.argv.head(deny), prog...)
	}
	fd, err := loadFilter(prog, s.p.Listener)
	if err != nil || s.p.Listener == 0 {
		return err
	}
	return handOver(fd)
}

// handOver tells the master the listener's number and waits until it has it. Raw calls, and none but read and write: every
// profile allows them, and one that were denied would wait for a listener that nobody has yet.
func handOver(fd int) error {
	msg := [plan.ListenerSize]byte{plan.Listener}
	binary.LittleEndian.PutUint32(msg[1:], uint32(fd))
	if _, _, e := unix.RawSyscall(unix.SYS_WRITE, uintptr(reportFD), uintptr(unsafe.Pointer(&msg)), unsafe.Sizeof(msg)); e != 0 {
		return e
	}
	var c byte
	for {
		n, _, e := unix.RawSyscall(unix.SYS_READ, uintptr(reportFD), uintptr(unsafe.Pointer(&c)), 1)
		switch {
		case e == unix.EINTR:
		case e != 0:
			return e
		case n == 0 || c != plan.Go:
			return fmt.Errorf("the master did not take the listener: %w", unix.ECANCELED)
		default:
			return nil
		}
	}
}
