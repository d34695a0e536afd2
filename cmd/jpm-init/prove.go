package main

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What the kernel shows nobody outside is read back here. The steps that set it come before.

// proveInit: PID 1 dies with the master, nobody may attach to it, and the jail has its own name.
func (b *builder) proveInit() error {
	var uts unix.Utsname
	if err := unix.Uname(&uts); err != nil {
		return err
	}
	if got := unix.ByteSliceToString(uts.Nodename[:]); got != b.p.Hostname {
		return fmt.Errorf("hostname is %q, want %q", got, b.p.Hostname)
	}
	return proveGuarded()
}

// proveProcess: the worker-to-be dies with PID 1, nobody may attach to it before it is the worker, and what it writes stays data.
func (s *stage) proveProcess() error {
	if s.p.MDWE {
		if v, err := unix.PrctlRetInt(unix.PR_GET_MDWE, 0, 0, 0, 0); err != nil || v != unix.PR_MDWE_REFUSE_EXEC_GAIN {
			return fmt.Errorf("MDWE is %d, %w", v, orWrong(err))
		}
	}
	return proveGuarded()
}

func proveGuarded() error {
	var sig int32
	if err := unix.Prctl(unix.PR_GET_PDEATHSIG, uintptr(unsafe.Pointer(&sig)), 0, 0, 0); err != nil || sig != int32(unix.SIGKILL) {
		return fmt.Errorf("death signal is %d, %w", sig, orWrong(err))
	}
	if v, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err != nil || v != 0 {
		return fmt.Errorf("dumpable is %d, %w", v, orWrong(err))
	}
	return nil
}

var errWrong = errors.New("not what was set")

func orWrong(err error) error {
	if err != nil {
		return err
	}
	return errWrong
}
