package main

import (
	"errors"
	"maps"
	"os"
	"runtime"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The sibling is a process of the same user that the test keeps outside of the jail.
func sibling() int { return number(env("SIBLING")) }

func init() {
	maps.Copy(probes, map[string]func() error{
		"ptrace-sibling": func() error {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			const seize = 0x4206
			if err := call(unix.SYS_PTRACE, seize, uintptr(sibling()), 0, 0); err != nil {
				return err
			}
			return nil // the kernel detaches it when this program ends
		},
		"vm-read-sibling": func() error {
			// Nothing lies at that address, so EFAULT says that it was allowed to look.
			b := make([]byte, 1)
			local := unix.Iovec{Base: &b[0], Len: 1}
			_, err := unix.ProcessVMReadv(sibling(), []unix.Iovec{local}, []unix.RemoteIovec{{Base: 1, Len: 1}}, 0)
			return err
		},
		"vm-write-sibling": func() error {
			b := make([]byte, 1)
			local := unix.Iovec{Base: &b[0], Len: 1}
			_, err := unix.ProcessVMWritev(sibling(), []unix.Iovec{local}, []unix.RemoteIovec{{Base: 1, Len: 1}}, 0)
			return err
		},
		"fd-of-sibling": func() error {
			p, err := unix.PidfdOpen(sibling(), 0)
			if err != nil {
				return err
			}
			defer unix.Close(p)
			fd, err := unix.PidfdGetfd(p, 0, 0)
			if err == nil {
				unix.Close(fd)
			}
			return err
		},
		"pidfd-signal": func() error {
			p, err := unix.PidfdOpen(sibling(), 0)
			if err != nil {
				return err
			}
			defer unix.Close(p)
			return unix.PidfdSendSignal(p, 0, nil, 0)
		},
		"kcmp": func() error {
			self := uintptr(unix.Getpid())
			return call(unix.SYS_KCMP, self, self, 2, 0, 0) // KCMP_FILES
		},
		"queue-signal": func() error {
			var info [128]byte
			*(*int32)(unsafe.Pointer(&info[8])) = -1 // SI_QUEUE
			return call(unix.SYS_RT_SIGQUEUEINFO, uintptr(sibling()), 0, uintptr(unsafe.Pointer(&info)))
		},
		"affinity": func() error {
			var set unix.CPUSet
			if err := unix.SchedGetaffinity(0, &set); err != nil {
				return err
			}
			return unix.SchedSetaffinity(0, &set)
		},
		"sibling-limits": func() error {
			var l unix.Rlimit
			return unix.Prlimit(sibling(), unix.RLIMIT_NOFILE, nil, &l)
		},
		"leaked-descriptor": leakedDescriptor,
		"secret":            func() error { return found(os.Getenv("LAB_SECRET") != "") },
		"users": func() error {
			b, err := os.ReadFile("/etc/passwd")
			if err != nil {
				return err
			}
			return found(strings.Contains(string(b), "www-data:"))
		},
		"hostname": func() error {
			h, err := os.Hostname()
			if err != nil {
				return err
			}
			return found(h == env("HOSTNAME"))
		},
		"kernel-version": func() error { var u unix.Utsname; return unix.Uname(&u) },
		"uptime":         func() error { var s unix.Sysinfo_t; return unix.Sysinfo(&s) },
		"disk-size":      func() error { var s unix.Statfs_t; return unix.Statfs("/usr", &s) },
		"lock-runtime": func() error {
			f, err := os.Open("/usr/bin/php-cgi")
			if err != nil {
				return err
			}
			defer f.Close()
			return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		},
	})
}

// errNothing is for what the kernel refused nothing and gave nothing.
var errNothing = errors.New("nothing there")

func found(yes bool) error {
	if yes {
		return nil
	}
	return errNothing
}

// leakedDescriptor looks for a directory or disk that somebody left open in it: from there on no root is in the way.
func leakedDescriptor() error {
	var st unix.Stat_t
	for fd := 3; fd < 256; fd++ {
		if unix.Fstat(fd, &st) != nil {
			continue
		}
		if kind := st.Mode & unix.S_IFMT; kind == unix.S_IFDIR || kind == unix.S_IFBLK {
			return nil
		}
	}
	return errNothing
}
