package jail

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// tryLandlock asks for the version and makes a ruleset with every right that jpm would name. That the kernel also enforces it is
// proven in each jail, by step prove-landlock.
func tryLandlock() (abi int, err error) {
	r, _, e := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if e != 0 {
		return 0, fmt.Errorf("landlock_create_ruleset: %w", e)
	}
	l := landlockHandled(int(r))
	attr := unix.LandlockRulesetAttr{Handled_access_fs: l.FS, Handled_access_net: l.Net, Scoped: l.Scoped}
	fd, _, e := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0)
	if e != 0 {
		return 0, fmt.Errorf("landlock_create_ruleset of version %d: %w", r, e)
	}
	return int(r), unix.Close(int(fd))
}
