package main

import (
	"time"

	"golang.org/x/sys/unix"
)

var hoard [][]byte

// What only limits stop.
func init() {
	// hog takes memory until the kernel says stop.
	probes["hog"] = func() error {
		for {
			b := make([]byte, 1<<20)
			for i := 0; i < len(b); i += 512 {
				b[i] = 1
			}
			hoard = append(hoard, b)
		}
	}
	// children makes processes that stay, until no more can be had.
	probes["children"] = func() error {
		for range 1000 {
			if err := fork(); err != nil {
				return err
			}
		}
		return nil
	}
	// child-hog lets a child take the memory and lives on, if it may.
	probes["child-hog"] = func() error {
		if err := forkHog(); err != nil {
			return err
		}
		time.Sleep(time.Hour)
		return nil
	}
}

// fork makes a child that sleeps for ever. Nothing of Go's runtime may run in it.
//
//go:nosplit
func fork() error {
	pid, _, e := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if e != 0 {
		return e
	}
	if pid == 0 {
		for {
			unix.RawSyscall6(unix.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
		}
	}
	return nil
}

// forkHog makes a child that maps and touches memory until it is killed.
//
//go:nosplit
func forkHog() error {
	pid, _, e := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if e != 0 {
		return e
	}
	if pid == 0 {
		for {
			unix.RawSyscall6(unix.SYS_MMAP, 0, 1<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_POPULATE, ^uintptr(0), 0)
		}
	}
	return nil
}
