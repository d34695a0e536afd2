package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// noNamespaces lets nobody in the jail make a namespace, whatever the filter says: the kernel counts them per user namespace, and here
// it may count to 0 (namespaces(7), Linux 4.9). The files belong to the user namespace of whoever opens them, so without one of the
// jail's own they would be the host's, and are left alone.
func (b *builder) noNamespaces() error {
	if !b.p.UserNS || !b.p.NoNamespaces {
		return nil
	}
	for _, kind := range []string{"user", "mnt", "pid", "net", "ipc", "uts", "cgroup"} {
		if err := writeZero("/proc/sys/user/max_" + kind + "_namespaces"); err != nil {
			return err
		}
	}
	return nil
}

// proveNamespaces: not even PID 1, which still has all capabilities in the jail, can make another namespace.
func (b *builder) proveNamespaces() error {
	if !b.p.UserNS || !b.p.NoNamespaces {
		return nil
	}
	if err := unix.Unshare(unix.CLONE_NEWUTS); err != unix.ENOSPC {
		return fmt.Errorf("made a namespace, %w", orWrong(err))
	}
	return nil
}

func writeZero(path string) error {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if _, err := unix.Write(fd, []byte("0")); err != nil {
		return err
	}
	var c [2]byte
	if n, err := unix.Pread(fd, c[:], 0); err != nil || n != 2 || string(c[:]) != "0\n" {
		return unix.EIO // it took the number and has another
	}
	return nil
}
