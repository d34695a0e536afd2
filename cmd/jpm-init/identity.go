package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// The calls are raw because the syscall package's own act on every thread of the program; only this one becomes the worker.

// noGroups empties the supplementary groups: the host's would survive every later step. Where setgroups is denied they do.
func (s *stage) noGroups() error {
	if s.p.OneID {
		return nil
	}
	_, _, e := unix.RawSyscall(unix.SYS_SETGROUPS, 0, 0, 0)
	return errnoErr(e)
}

func (s *stage) gid() error {
	g := uintptr(s.p.GID)
	_, _, e := unix.RawSyscall(unix.SYS_SETRESGID, g, g, g)
	return errnoErr(e)
}

func (s *stage) uid() error {
	u := uintptr(s.p.UID)
	_, _, e := unix.RawSyscall(unix.SYS_SETRESUID, u, u, u)
	return errnoErr(e)
}

// proveIdentity reads back what the steps before it set and tries to undo it.
func (s *stage) proveIdentity() error {
	u, g := int(s.p.UID), int(s.p.GID)
	if r, e, v := unix.Getresuid(); r != u || e != u || v != u {
		return fmt.Errorf("uids are %d %d %d, want %d", r, e, v, u)
	}
	if r, e, v := unix.Getresgid(); r != g || e != g || v != g {
		return fmt.Errorf("gids are %d %d %d, want %d", r, e, v, g)
	}
	groups, err := unix.Getgroups()
	if err != nil {
		return err
	}
	if len(groups) != 0 && !s.p.OneID {
		return fmt.Errorf("groups are %v, want none", groups)
	}
	if err := proveCapabilities(); err != nil {
		return err
	}
	refused := unix.EPERM
	if s.p.OneID {
		refused = unix.EINVAL // there is no 0
	}
	if _, _, e := unix.RawSyscall(unix.SYS_SETRESUID, 0, 0, 0); e != refused {
		return fmt.Errorf("setresuid(0) = %v, want %v", e, refused)
	}
	if _, _, e := unix.RawSyscall(unix.SYS_SETGROUPS, 0, 0, 0); e != unix.EPERM {
		return fmt.Errorf("setgroups = %v, want %v", e, unix.EPERM)
	}
	return nil
}

func noNewPrivs() error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	if v, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); err != nil || v != 1 {
		return fmt.Errorf("reads back %d: %w", v, orWrong(err))
	}
	return nil
}
