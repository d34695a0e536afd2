package main

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// loadFilter installs a seccomp program: an array of struct sock_filter. flags as in seccomp(2).
func loadFilter(prog []byte, flags uintptr) error {
	const size = int(unsafe.Sizeof(unix.SockFilter{}))
	if len(prog) == 0 || len(prog)%size != 0 || len(prog)/size > 4096 {
		return fmt.Errorf("program of %d bytes: %w", len(prog), unix.EINVAL)
	}
	fprog := unix.SockFprog{Len: uint16(len(prog) / size), Filter: (*unix.SockFilter)(unsafe.Pointer(&prog[0]))}
	r, _, e := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&fprog)))
	if e != 0 {
		return e
	}
	if r != 0 {
		return fmt.Errorf("thread %d could not be confined", r)
	}
	return nil
}
