package main

import (
	"fmt"
	"math"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"jpm/jail/plan"
)

// closeRest closes everything PID 1 does not need to reap: the listener and the mounts most of all. 2 stays for a last word of the
// Go runtime, the report socket until the release.
func (b *builder) closeRest() error {
	if err := unix.CloseRange(plan.FDStdin, plan.FDStdout, 0); err != nil {
		return err
	}
	if err := unix.Dup3(b.sync, plan.FDPlan, unix.O_CLOEXEC); err != nil {
		return err
	}
	b.sync, b.root = plan.FDPlan, -1
	return unix.CloseRange(plan.FDFirst, math.MaxUint32, 0)
}

// drop takes every privilege from all threads of PID 1: it only reaps from here on, as a host id that owns nothing.
//
// Each call on all threads stops the program for a moment, so what is right already is left alone and the bounding set stays: with
// no capability, no_new_privs and a filter that kills exec there is nothing it could bound.
func (b *builder) drop() error {
	uid, gid := 0, 0 // inside a user namespace these are SetupUID and SetupGID, and the process started as them, without groups
	if !b.p.UserNS {
		uid, gid = int(b.p.SetupUID), int(b.p.SetupGID)
		if err := syscall.Setgroups(nil); err != nil {
			return fmt.Errorf("setgroups: %w", err)
		}
		if err := syscall.Setresgid(gid, gid, gid); err != nil {
			return fmt.Errorf("setresgid %d: %w", gid, err)
		}
		if err := syscall.Setresuid(uid, uid, uid); err != nil {
			return fmt.Errorf("setresuid %d: %w", uid, err)
		}
		// The change of uid cleared it.
		if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
			return err
		}
	}
	if _, _, e := syscall.AllThreadsSyscall(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&capHeader)), uintptr(unsafe.Pointer(&capNone)), 0); e != 0 {
		return fmt.Errorf("capset: %w", e)
	}
	// The filter's TSYNC gives it to the other threads.
	if err := noNewPrivs(); err != nil {
		return err
	}
	return undumpable()
}

// filter confines every thread of PID 1 to what a Go program that waits needs.
func (b *builder) filter() error {
	_, err := loadFilter(b.p.InitFilter, unix.SECCOMP_FILTER_FLAG_TSYNC)
	return err
}
