package main

import (
	"strings"
	"syscall"
)

var hoard []string

func init() {
	// hoard keeps 64 MiB and answers.
	deeds["hoard"] = func(r *request) bool {
		hoard = append(hoard, strings.Repeat("x", 64<<20))
		return hello(r)
	}
	// hog takes all there is.
	deeds["hog"] = func(*request) bool {
		for {
			hoard = append(hoard, strings.Repeat("x", 1<<20))
		}
	}
	// children makes processes until there are no more, and answers.
	deeds["children"] = func(r *request) bool {
		for fork() == 0 {
		}
		return hello(r)
	}
}

// fork makes a process that sleeps for ever. Nothing of Go's runtime may run in it.
//
//go:nosplit
func fork() syscall.Errno {
	pid, _, errno := syscall.RawSyscall6(syscall.SYS_CLONE, uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
	if errno == 0 && pid == 0 {
		for {
			syscall.RawSyscall6(syscall.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
		}
	}
	return errno
}
