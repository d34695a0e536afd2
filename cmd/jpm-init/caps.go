package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// capHeader and capNone are capset(2)'s arguments for "this thread" and "nothing", in package variables because
// AllThreadsSyscall wants addresses that stay.
var (
	capHeader = unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	capNone   [2]unix.CapUserData
)

// capabilities counts up from 0 to the most a kernel could have; the bounding set says where it ends.
func capabilities() []int {
	all := make([]int, 64)
	for i := range all {
		all[i] = i
	}
	return all
}

// dropBounding empties the bounding set, so that no program executed later can bring a capability back. Trying finds the newest
// capability of the kernel: EINVAL is one past it. /proc/sys/kernel/cap_last_cap is not always there to read.
func dropBounding() error {
	for _, c := range capabilities() {
		err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(c), 0, 0, 0)
		if err == unix.EINVAL && c > unix.CAP_WAKE_ALARM {
			return nil
		}
		if err != nil {
			return fmt.Errorf("capability %d: %w", c, err)
		}
	}
	return nil
}

func clearAmbient() error {
	return unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
}

// Securebits (capabilities(7)); x/sys has no names for them.
const (
	secureNoRoot         = 1 << 0
	secureNoSetuidFixup  = 1 << 2
	secureNoAmbientRaise = 1 << 6
	secureLocks          = 1<<1 | 1<<3 | 1<<5 | 1<<7 // of the three above and of keep_caps
	secureBits           = secureNoRoot | secureNoSetuidFixup | secureNoAmbientRaise | secureLocks
)

// lockSecurebits makes uid 0 worth nothing and forbids to change that. It needs CAP_SETPCAP, so it comes before the drop.
func lockSecurebits() error {
	return unix.Prctl(unix.PR_SET_SECUREBITS, secureBits, 0, 0, 0)
}

// emptyCapabilities clears all sets, the inheritable one too (CVE-2022-29162).
func emptyCapabilities() error { return unix.Capset(&capHeader, &capNone[0]) }

func proveCapabilities() error {
	var got [2]unix.CapUserData
	if err := unix.Capget(&capHeader, &got[0]); err != nil {
		return err
	}
	if got != capNone {
		return fmt.Errorf("capabilities are %v, want none", got)
	}
	// Nothing outside shows these.
	if v, err := unix.PrctlRetInt(unix.PR_GET_SECUREBITS, 0, 0, 0, 0); err != nil || v != secureBits {
		return fmt.Errorf("securebits are %#x, want %#x: %w", v, secureBits, orWrong(err))
	}
	return nil
}
