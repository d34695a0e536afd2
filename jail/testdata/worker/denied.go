package main

import (
	"fmt"
	"strings"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Calls that a jail denies, made so that whoever is told of them has something to read.
func init() {
	probes["denied-thread"] = func() error {
		var err error
		var wg sync.WaitGroup
		wg.Go(func() { err = unix.Kill(1, unix.SIGUSR1) })
		wg.Wait()
		return err
	}
	probes["chown-long"] = func() error { return unix.Fchownat(unix.AT_FDCWD, strings.Repeat("\n", 1000), 1, 2, 0) }
	probes["chown-nowhere"] = func() error { return chownAt(8) }
	probes["chown-edge"] = func() error { return atEdge("\x1b[31medge\x00", chownAt) }
}

func chownAt(path uintptr) error {
	at := unix.AT_FDCWD
	return call(unix.SYS_FCHOWNAT, uintptr(at), path, 1, 2)
}

// atEdge puts text where the memory behind it ends, and calls f with its address.
func atEdge(text string, f func(uintptr) error) error {
	m, err := unix.Mmap(-1, 0, 8192, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return err
	}
	defer unix.Munmap(m)
	if err := unix.Mprotect(m[4096:], unix.PROT_NONE); err != nil {
		return err
	}
	copy(m[4096-len(text):], text)
	return f(uintptr(unsafe.Pointer(&m[4096-len(text)])))
}

// flood makes n denied calls in each of some threads; spec is "n:threads". The last error of one is the answer.
func flood(spec string) error {
	var n, threads int
	if _, err := fmt.Sscanf(spec, "%d:%d", &n, &threads); err != nil {
		return err
	}
	errs := make(chan error, threads)
	for range threads {
		go func() {
			var err error
			for range n {
				err = unix.Kill(1, 0)
			}
			errs <- err
		}()
	}
	var err error
	for range threads {
		err = <-errs
	}
	return err
}
