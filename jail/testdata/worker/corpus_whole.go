package main

import (
	"maps"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// after goes on with an attempt when the kernel has taken its first call, which names nobody or nothing: that shows that the filter lets
// the call in. Only the rest shows whether it leads anywhere, for what names something meets the kernel's other questions too.
func after(err error, rest func() error) error {
	switch err {
	case unix.EPERM, unix.ENOSYS:
		return err
	}
	return rest()
}

// rawly makes a call of raw.
func rawly(n string) error { return call(raw[n].nr, raw[n].args...) }

func init() {
	maps.Copy(probes, map[string]func() error{
		"enter-namespace": func() error { return after(rawly("setns"), enterNetwork) },
		"unmount": func() error {
			return after(rawly("umount"), func() error { return unix.Unmount("/proc", unix.MNT_DETACH) })
		},
		"configure": func() error {
			return after(rawly("fsconfig"), func() error {
				fd, err := unix.Fsopen("tmpfs", unix.FSOPEN_CLOEXEC)
				if err != nil {
					return err
				}
				defer unix.Close(fd)
				return unix.FsconfigSetFlag(fd, "ro")
			})
		},
		"clone-tree": func() error {
			return after(rawly("open-tree"), func() error {
				fd, err := unix.OpenTree(unix.AT_FDCWD, "/", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
				if err == nil {
					unix.Close(fd)
				}
				return err
			})
		},
		"change-mount": func() error {
			return after(rawly("mount-setattr"), func() error {
				return unix.MountSetattr(unix.AT_FDCWD, "/", 0, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_NOSUID})
			})
		},
		"load-filter":        func() error { return after(probes["bpf"](), loadFilter) },
		"clock-status":       func() error { return after(rawly("clock-adjtime"), adjust) },
		"file-by-handle":     func() error { return after(rawly("open-by-handle"), openByHandle) },
		"advise-sibling":     func() error { return after(rawly("process-madvise"), adviseSibling) },
		"run-by-descriptor":  func() error { return after(rawly("execveat"), executeUpload) },
		"secret-memory":      secretMemory,
		"read-implies-exec":  readImpliesExec,
		"network-interfaces": interfaces,
	})
}

// enterNetwork enters the network namespace that it is in.
func enterNetwork() error {
	fd, err := unix.Open("/proc/self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Setns(fd, unix.CLONE_NEWNET)
}

// loadFilter loads the least of programs, "take nothing", of the kind that was once for everybody.
func loadFilter() error {
	program := [2]uint64{0xb7, 0x95} // r0 = 0; exit
	attr := struct {
		kind, count    uint32
		program, terms uint64
		rest           [6]uint64
	}{kind: 1, count: 2, program: uint64(uintptr(unsafe.Pointer(&program))), terms: uint64(name("Apache-2.0"))}
	const load = 5
	fd, _, e := unix.Syscall(unix.SYS_BPF, load, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
	runtime.KeepAlive(&program)
	if e != 0 {
		return e
	}
	return unix.Close(int(fd))
}

// adjust sets the clock's status to what it is.
func adjust() error {
	var t unix.Timex
	if _, err := unix.Adjtimex(&t); err != nil {
		return err
	}
	t = unix.Timex{Modes: unix.ADJ_STATUS, Status: t.Status}
	_, err := unix.ClockAdjtime(unix.CLOCK_REALTIME, &t)
	return err
}

// openByHandle opens a file of the site by its number, past every directory.
func openByHandle() error {
	h, _, err := unix.NameToHandleAt(unix.AT_FDCWD, env("READ")+"/file", 0)
	if err != nil {
		return err
	}
	dir, err := unix.Open(env("READ"), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	fd, err := unix.OpenByHandleAt(dir, h, unix.O_RDONLY|unix.O_CLOEXEC)
	if err == nil {
		unix.Close(fd)
	}
	return err
}

// adviseSibling gives advice that nobody may give to another: EINVAL says that the kernel had found whom it is about.
func adviseSibling() error {
	p, err := unix.PidfdOpen(sibling(), 0)
	if err != nil {
		return err
	}
	defer unix.Close(p)
	one := unix.Iovec{Base: (*byte)(unsafe.Pointer(new([4096]byte))), Len: 4096}
	return call(unix.SYS_PROCESS_MADVISE, uintptr(p), uintptr(unsafe.Pointer(&one)), 1, unix.MADV_DONTNEED, 0)
}

// executeUpload executes what is no program: ENOEXEC says that the kernel would have.
func executeUpload() error {
	p := env("WRITE") + "/no-program"
	if err := os.WriteFile(p, []byte("no program\n"), 0o755); err != nil {
		return err
	}
	defer os.Remove(p)
	fd, err := unix.Open(p, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return call(unix.SYS_EXECVEAT, uintptr(fd), name(""), 0, 0, unix.AT_EMPTY_PATH)
}

// secretMemory makes memory that the kernel does not map for itself.
func secretMemory() error {
	fd, _, e := unix.Syscall(unix.SYS_MEMFD_SECRET, unix.O_CLOEXEC, 0, 0)
	if e != 0 {
		return e
	}
	defer unix.Close(int(fd))
	if err := unix.Ftruncate(int(fd), 4096); err != nil {
		return err
	}
	m, err := unix.Mmap(int(fd), 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err == nil {
		unix.Munmap(m)
	}
	return err
}

// readImpliesExec makes what can be read executable too, for one piece of memory that can be written.
func readImpliesExec() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const readImpliesExec = 0x400000
	if err := call(unix.SYS_PERSONALITY, readImpliesExec); err != nil {
		return err
	}
	// By the raw call, for nothing else of this thread may happen meanwhile.
	at, _, e := unix.RawSyscall6(unix.SYS_MMAP, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON, none, 0)
	if err := call(unix.SYS_PERSONALITY, 0); err != nil {
		return err
	}
	if e != 0 {
		return e
	}
	return call(unix.SYS_MUNMAP, at, 4096)
}

// interfaces asks for those that have an address.
func interfaces() error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	var room [4096]byte
	list := struct {
		size int32
		_    int32
		room *[4096]byte
	}{size: int32(len(room)), room: &room}
	if err := call(unix.SYS_IOCTL, uintptr(s), unix.SIOCGIFCONF, uintptr(unsafe.Pointer(&list))); err != nil {
		return err
	}
	return found(list.size > 0)
}
