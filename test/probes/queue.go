package probes

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// openQueue makes the POSIX queue of a name (mq_overview(7)).
func openQueue(name *byte) (fd int, err error) {
	r, _, e := unix.Syscall6(unix.SYS_MQ_OPEN, uintptr(unsafe.Pointer(name)), unix.O_CREAT|unix.O_RDWR|unix.O_CLOEXEC, 0o666, 0, 0, 0)
	if e != 0 {
		return -1, e
	}
	return int(r), nil
}

func removeQueue(name *byte) error {
	if _, _, e := unix.Syscall(unix.SYS_MQ_UNLINK, uintptr(unsafe.Pointer(name)), 0, 0); e != 0 {
		return e
	}
	return nil
}
