package jail

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// trySystemV looks whether whoever builds a jail may set how much there is of System V communication in the jail's IPC namespace
// (ipc_namespaces(7)). Older kernels ask for the machine's root there, also from who has all rights over the namespace. A file of it shows
// the namespace of whoever opens it, so a process has to be in one, and it has to be opened by the id that PID 1 will have.
//
// The process runs nothing but raw calls: it has one thread of a runtime that has many.
func trySystemV(own *Own, userNS bool) error {
	if own != nil {
		return fmt.Errorf("the settings belong to an id 0, which an ordinary user's jails do not have: %w", unix.EACCES)
	}
	path, err := unix.BytePtrFromString("/proc/sys/" + systemVSetting)
	if err != nil {
		return err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socketpair: %w", err)
	}
	defer unix.Close(pair[0])
	flags := uintptr(unix.CLONE_NEWIPC) | uintptr(unix.SIGCHLD)
	if userNS {
		flags |= unix.CLONE_NEWUSER
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	syscall.ForkLock.Lock()
	pid, _, e := unix.RawSyscall6(unix.SYS_CLONE, flags, 0, 0, 0, 0, 0)
	if e == 0 && pid == 0 {
		openAsRoot(pair[0], pair[1], path)
	}
	syscall.ForkLock.Unlock()
	unix.Close(pair[1])
	if e != 0 {
		return fmt.Errorf("clone: %w", e)
	}
	defer unix.Wait4(int(pid), nil, 0, nil)
	if userNS {
		for _, file := range []string{"uid_map", "gid_map"} {
			if err := os.WriteFile(fmt.Sprintf("/proc/%d/%s", pid, file), []byte("0 "+strconv.Itoa(setupID)+" 1"), 0); err != nil {
				unix.Kill(int(pid), unix.SIGKILL)
				return err
			}
		}
	}
	answer := []byte{0}
	if _, err := unix.Write(pair[0], answer); err != nil {
		return fmt.Errorf("ask: %w", err)
	}
	if n, err := unix.Read(pair[0], answer); err != nil || n != 1 {
		return fmt.Errorf("no answer: %w", unix.ESRCH)
	}
	if answer[0] != 0 {
		return fmt.Errorf("open %s: %w", systemVSetting, syscall.Errno(answer[0]))
	}
	return nil
}

// openAsRoot waits for a byte from its parent, becomes the namespace's root and says whether path can be opened for writing. It does not
// return.
//
//go:nosplit
func openAsRoot(theirs, ours int, path *byte) {
	var b [1]byte
	unix.RawSyscall(unix.SYS_CLOSE, uintptr(theirs), 0, 0)
	if n, _, _ := unix.RawSyscall(unix.SYS_READ, uintptr(ours), uintptr(unsafe.Pointer(&b)), 1); n == 1 {
		_, _, e := unix.RawSyscall(unix.SYS_SETRESGID, 0, 0, 0)
		if e == 0 {
			_, _, e = unix.RawSyscall(unix.SYS_SETRESUID, 0, 0, 0)
		}
		if e == 0 {
			at := unix.AT_FDCWD
			_, _, e = unix.RawSyscall6(unix.SYS_OPENAT, uintptr(at), uintptr(unsafe.Pointer(path)), unix.O_WRONLY|unix.O_CLOEXEC, 0, 0, 0)
		}
		b[0] = byte(e)
		unix.RawSyscall(unix.SYS_WRITE, uintptr(ours), uintptr(unsafe.Pointer(&b)), 1)
	}
	for {
		unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	}
}
