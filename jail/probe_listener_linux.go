package jail

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// tryListener looks for all that asking about denied calls needs.
func tryListener(userNS bool) error {
	action := uint32(unix.SECCOMP_RET_USER_NOTIF)
	if _, _, e := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_GET_ACTION_AVAIL, 0, uintptr(unsafe.Pointer(&action))); e != 0 {
		return fmt.Errorf("seccomp user notification (Linux 5.0): %w", e)
	}
	if err := tryFilterFlags(unix.SECCOMP_FILTER_FLAG_NEW_LISTENER); err != nil {
		return fmt.Errorf("seccomp listener (Linux 5.0): %w", err)
	}
	var sizes struct{ notification, answer, data uint16 }
	if _, _, e := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_GET_NOTIF_SIZES, 0, uintptr(unsafe.Pointer(&sizes))); e != 0 {
		return fmt.Errorf("seccomp notification sizes: %w", e)
	}
	if int(sizes.notification) != int(unsafe.Sizeof(notification{})) || int(sizes.answer) != int(unsafe.Sizeof(notificationAnswer{})) {
		return fmt.Errorf("seccomp notification of %d and %d bytes: not known", sizes.notification, sizes.answer)
	}
	if err := tryGetfd(); err != nil {
		return fmt.Errorf("pidfd_getfd (Linux 5.6): %w", err)
	}
	// Whoever made a user namespace has every capability over what is in it.
	if userNS {
		return nil
	}
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&head, &data[0]); err != nil {
		return fmt.Errorf("capget: %w", err)
	}
	if data[unix.CAP_SYS_PTRACE/32].Effective&(1<<(unix.CAP_SYS_PTRACE%32)) == 0 {
		return fmt.Errorf("pidfd_getfd: CAP_SYS_PTRACE is missing: %w", unix.EPERM)
	}
	return nil
}

// tryFilterFlags asks whether the kernel knows flags of seccomp(2): it looks at them before it looks for the filter, which is nowhere.
func tryFilterFlags(flags uintptr) error {
	if _, _, e := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, 0); e != unix.EFAULT {
		return e
	}
	return nil
}

func tryGetfd() error {
	self, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		return err
	}
	defer unix.Close(self)
	fd, err := unix.PidfdGetfd(self, self, 0)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}
