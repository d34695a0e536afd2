package main

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// zero lets nobody in the jail have what the plan names, whatever the filter says: the kernel counts namespaces and watches per user
// namespace, System V objects per IPC namespace, and here it may count to 0. The files belong to the namespaces of whoever opens them; the plan names none of a namespace that
// is the host's.
func (b *builder) zero() error {
	for _, name := range b.p.Zero {
		if err := writeZero("/proc/sys/" + name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// proveZero: not even PID 1, which still has all capabilities in the jail, can have one.
func (b *builder) proveZero() error {
	for _, t := range []struct {
		setting string
		attempt
	}{
		{"user/max_uts_namespaces", attempt{"make a namespace", unix.ENOSPC, func() error { return unix.Unshare(unix.CLONE_NEWUTS) }}},
		{"user/max_inotify_instances", attempt{"inotify_init1", unix.EMFILE, func() error {
			_, err := unix.InotifyInit1(unix.IN_CLOEXEC)
			return err
		}}},
		{"net/mptcp/enabled", attempt{"open an MPTCP socket", unix.ENOPROTOOPT, func() error {
			_, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, unix.IPPROTO_MPTCP)
			return err
		}}},
		{"kernel/shmmni", attempt{"make shared memory", unix.ENOSPC, func() error { return get(unix.SYS_SHMGET, 4096, 0o600) }}},
		{"kernel/msgmni", attempt{"make a queue", unix.ENOSPC, func() error { return get(unix.SYS_MSGGET, 0o600, 0) }}},
		{"kernel/sem", attempt{"make a semaphore", unix.EINVAL, func() error { return get(unix.SYS_SEMGET, 1, 0o600) }}},
	} {
		if slices.Contains(b.p.Zero, t.setting) {
			if err := t.prove(); err != nil {
				return err
			}
		}
	}
	return nil
}

// get makes a System V object without a key.
func get(call, a, b uintptr) error {
	_, _, e := unix.RawSyscall(call, uintptr(unix.IPC_PRIVATE), a, b)
	return errnoErr(e)
}

// writeZero sets the first number of a setting; most have one.
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
	if n, err := unix.Pread(fd, c[:], 0); err != nil || n != 2 || c[0] != '0' || c[1] != '\n' && c[1] != '\t' {
		return unix.EIO // it took the number and has another
	}
	return nil
}
