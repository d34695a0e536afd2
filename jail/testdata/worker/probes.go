package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func call(nr uintptr, args ...uintptr) error {
	var a [6]uintptr
	copy(a[:], args)
	if _, _, e := unix.Syscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5]); e != 0 {
		return e
	}
	return nil
}

func read(p string) error  { _, err := os.ReadFile(p); return err }
func write(p string) error { return os.WriteFile(p, []byte("x"), 0o644) }

func socket(family, kind, proto int) error {
	fd, err := unix.Socket(family, kind, proto)
	if err == nil {
		unix.Close(fd)
	}
	return err
}

// is says whether a prctl that only asks answers want.
func is(option, want int) error {
	got, err := unix.PrctlRetInt(option, 0, 0, 0, 0)
	if err == nil && got != want {
		err = fmt.Errorf("is %#x", got)
	}
	return err
}

// env is a path that the test names: JPM_<name>.
func env(name string) string { return os.Getenv("JPM_" + name) }

var probes = map[string]func() error{
	"nothing": func() error { return nil },
	"threads": many,
	"args": func() error {
		if len(os.Args) != 1 {
			return fmt.Errorf("args %q", os.Args)
		}
		return nil
	},

	"read-shadow":    func() error { return read("/etc/shadow") },
	"read-neighbour": func() error { return read(env("NEIGHBOUR")) },
	"read-own":       func() error { return read(env("READ") + "/file") },
	"write-read":     func() error { return write(env("READ") + "/new") },
	"write-write":    func() error { return write(env("WRITE") + "/new") },
	"write-usr":      func() error { return write("/usr/jpm-test-new") },
	"write-root":     func() error { return write("/jpm-test-new") },
	"write-etc":      func() error { return write("/etc/jpm-test-new") },
	"write-tmp":      func() error { return write("/tmp/x") },
	"list-root-home": func() error { _, err := os.ReadDir("/root"); return err },
	"climb":          func() error { return read("/../../../../../../etc/shadow") },
	"self-mem": func() error {
		f, err := os.OpenFile("/proc/self/mem", os.O_WRONLY, 0)
		if err == nil {
			f.Close()
		}
		return err
	},
	"proc-1":        func() error { return read("/proc/1/status") },
	"proc-cpuinfo":  func() error { return read("/proc/cpuinfo") },
	"oom-score":     func() error { return os.WriteFile("/proc/self/oom_score_adj", []byte("600"), 0o644) },
	"dev-null":      func() error { return write("/dev/null") },
	"dev-urandom":   func() error { f, err := os.Open("/dev/urandom"); f.Close(); return err },
	"dev-tty":       func() error { f, err := os.Open("/dev/ptmx"); f.Close(); return err },
	"symlink-write": func() error { return read(env("WRITE") + "/link") },
	"exec-write": func() error {
		return errors.Join(os.WriteFile(env("WRITE")+"/prog", []byte("#!/bin/true\n"), 0o755),
			unix.Access(env("WRITE")+"/prog", unix.X_OK))
	},
	"map-exec-tmp": func() error {
		f, err := os.Create(env("WRITE") + "/map")
		if err != nil {
			return err
		}
		defer f.Close()
		f.Write(make([]byte, 4096))
		m, err := unix.Mmap(int(f.Fd()), 0, 4096, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_PRIVATE)
		if err == nil {
			unix.Munmap(m)
		}
		return err
	},
	"make-suid": func() error {
		p := env("WRITE") + "/suid"
		if err := write(p); err != nil {
			return err
		}
		return unix.Chmod(p, 0o4755)
	},
	"mknod": func() error { return unix.Mknod(env("WRITE")+"/null", unix.S_IFCHR|0o666, 1<<8|3) },
	"chown": func() error { return unix.Fchownat(unix.AT_FDCWD, env("WRITE"), 0, 0, 0) },
	"memory-exec": func() error {
		m, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
		if err != nil {
			return err
		}
		return unix.Mprotect(m, unix.PROT_READ|unix.PROT_EXEC)
	},

	"connect-ip": func() error {
		to := env("TCP")
		if to == "" {
			to = "127.0.0.1:1"
		}
		c, err := net.DialTimeout("tcp", to, time.Second)
		if err == nil {
			c.Close()
		}
		return err
	},
	"connect-abstract": func() error {
		c, err := net.Dial("unix", "@"+env("ABSTRACT"))
		if err == nil {
			c.Close()
		}
		return err
	},
	"socket-raw":     func() error { return socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP) },
	"socket-netlink": func() error { return socket(unix.AF_NETLINK, unix.SOCK_RAW, 0) },
	"socket-alg":     func() error { return socket(unix.AF_ALG, unix.SOCK_SEQPACKET, 0) },
	"socket-unix":    func() error { return socket(unix.AF_UNIX, unix.SOCK_STREAM, 0) },

	"fork": func() error {
		pid, err := forkExit()
		if err == nil {
			unix.Wait4(pid, nil, 0, nil)
		}
		return err
	},
	"clone-newuser": func() error { return call(unix.SYS_CLONE, unix.CLONE_NEWUSER|uintptr(unix.SIGCHLD)) },
	"clone3":        func() error { return call(unix.SYS_CLONE3, 0, 0) },
	"exec":          func() error { return unix.Exec("/bin/true", []string{"true"}, nil) },
	"kill-init":     func() error { return unix.Kill(1, 0) },
	"kill-parent":   func() error { return unix.Kill(unix.Getppid(), 0) },
	"setuid-0":      func() error { return call(unix.SYS_SETRESUID, 0, 0, 0) },
	"setgroups":     func() error { return call(unix.SYS_SETGROUPS, 0, 0) },
	"raise-nofile": func() error {
		l := unix.Rlimit{Cur: 1 << 20, Max: 1 << 20}
		return call(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NOFILE, uintptr(unsafe.Pointer(&l)), 0)
	},
	// What only shows where no filter refuses to ask.
	"securebits-locked": func() error { return is(unix.PR_GET_SECUREBITS, 0xef) },
	"mdwe-set":          func() error { return is(unix.PR_GET_MDWE, 1) },
	"mount-denied":      func() error { return unix.Mount("none", env("WRITE"), "tmpfs", 0, "") },
	"chroot":            func() error { return unix.Chroot("/tmp") },
	"own-keyring": func() error {
		mine, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_SESSION_KEYRING, false)
		if err != nil {
			return err
		}
		user, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_USER_SESSION_KEYRING, true)
		if err == nil && user == mine {
			return errors.New("it is the user's")
		}
		return nil
	},
	"dumpable": func() error { return unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0) },
	"big-file": func() error {
		f, err := os.Create(env("WRITE") + "/big")
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = f.WriteAt([]byte("x"), 8<<20)
		return err
	},
	"fill-tmp": func() error {
		f, err := os.Create("/tmp/fill")
		if err != nil {
			return err
		}
		defer os.Remove("/tmp/fill")
		defer f.Close()
		b := make([]byte, 1<<20)
		for range 256 {
			if _, err := f.Write(b); err != nil {
				return err
			}
		}
		return nil
	},
	"environment": func() error {
		for _, v := range os.Environ() {
			name, _, _ := strings.Cut(v, "=")
			switch {
			case name == "PATH", name == "HOME", name == "USER", name == "TMPDIR", strings.HasPrefix(name, "JPM_"):
			default:
				return fmt.Errorf("has %s", v)
			}
		}
		return nil
	},
	"descriptors": func() error {
		var st unix.Stat_t
		for fd := 3; fd < 1024; fd++ {
			if unix.Fstat(fd, &st) != nil {
				continue
			}
			// The runtime's own are epoll and eventfd, anonymous inodes; the connection is a socket.
			to, err := os.Readlink(fmt.Sprint("/proc/self/fd/", fd))
			if err != nil || !strings.HasPrefix(to, "anon_inode:") && !strings.HasPrefix(to, "socket:") {
				return fmt.Errorf("descriptor %d is %s %v", fd, to, err)
			}
		}
		return nil
	},

	// These kill in a jail. Outside they run as root, so each is one that cannot do anything: it names nobody, nothing or nowhere.
	"ptrace":      func() error { return call(unix.SYS_PTRACE, unix.PTRACE_CONT, 0, 0, 0) },
	"mount":       func() error { return unix.Mount("none", "/nonexistent", "tmpfs", 0, "") },
	"unshare":     func() error { runtime.LockOSThread(); return unix.Unshare(unix.CLONE_FS) },
	"splice":      func() error { _, err := unix.Splice(-1, nil, -1, nil, 1, 0); return err },
	"bpf":         func() error { return call(unix.SYS_BPF, 0, 0, 0) },
	"io_uring":    func() error { return call(unix.SYS_IO_URING_SETUP, 0, 0) },
	"keyctl":      func() error { return call(unix.SYS_KEYCTL, unix.KEYCTL_GET_KEYRING_ID, ^uintptr(2), 0) },
	"userfaultfd": func() error { return call(unix.SYS_USERFAULTFD, 0) },
	"personality": func() error { return call(unix.SYS_PERSONALITY, 0x40000) },
	"new-syscall": func() error { return call(999) },
}
