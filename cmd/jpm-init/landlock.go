package main

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"

	"jpm/jail/plan"
)

// The calls act on this thread alone, which is the one that execs: no need to stop the others, as a library for whole programs must.

// fileRights are those that mean something on what is no directory; the kernel refuses a rule with any other.
const fileRights = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_READ_FILE |
	unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV | unix.LANDLOCK_ACCESS_FS_RESOLVE_UNIX

// landlock puts this thread into a domain of its own that knows only the plan's rules.
func (s *stage) landlock() error {
	l := &s.p.Landlock
	if !l.On() {
		return nil
	}
	attr := unix.LandlockRulesetAttr{Handled_access_fs: l.FS, Handled_access_net: l.Net, Scoped: l.Scoped}
	// The size is more than old kernels know; they accept it as long as the rest is zero.
	r, _, e := unix.RawSyscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0)
	if e != 0 {
		return fmt.Errorf("create ruleset: %w", e)
	}
	ruleset := int(r)
	defer unix.Close(ruleset)
	for i := range l.Rules {
		if err := allow(ruleset, &l.Rules[i]); err != nil {
			return fmt.Errorf("rule for %q: %w", l.Rules[i].Path, err)
		}
	}
	// prove-landlock tries to reach it from inside.
	if l.Scoped&unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET != 0 {
		var err error
		if s.beyond, err = listenAbstract(); err != nil {
			return err
		}
	}
	if _, _, e := unix.RawSyscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(ruleset), 0, 0); e != 0 {
		return fmt.Errorf("restrict: %w", e)
	}
	return nil
}

// allow adds one rule. What this uid cannot reach needs none: a grant too few is no hole.
func allow(ruleset int, r *plan.PathRule) error {
	fd := plan.FDFirst
	if r.Path != "" {
		var err error
		fd, err = unix.Openat2(unix.AT_FDCWD, r.Path, &unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC,
			Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS})
		if err == unix.EACCES {
			return nil
		}
		if err != nil {
			return err
		}
		defer unix.Close(fd)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	attr := unix.LandlockPathBeneathAttr{Allowed_access: r.Access, Parent_fd: int32(fd)}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		attr.Allowed_access &= fileRights
	}
	if attr.Allowed_access == 0 {
		return nil
	}
	_, _, e := unix.RawSyscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&attr)), 0, 0, 0)
	return errnoErr(e)
}

// listenAbstract listens on an abstract address of the kernel's choice.
func listenAbstract() (int, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("abstract socket: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{}); err != nil {
		return -1, fmt.Errorf("abstract socket: bind: %w", err)
	}
	if err := unix.Listen(fd, 1); err != nil {
		return -1, fmt.Errorf("abstract socket: listen: %w", err)
	}
	return fd, nil
}

// proveLandlock tries what the domain refuses and everything else allows: the kernel shows nobody, not even in /proc, that a process
// is in one. Of the two scopes only one can be tried here, as there is nobody to signal; both are bits of one word.
func (s *stage) proveLandlock() error {
	l := &s.p.Landlock
	var tries []attempt
	if l.FS&unix.LANDLOCK_ACCESS_FS_READ_DIR != 0 {
		tries = append(tries, attempt{"list /", unix.EACCES, listRoot})
	}
	if l.Net&unix.LANDLOCK_ACCESS_NET_BIND_TCP != 0 {
		tries = append(tries, attempt{"bind TCP", unix.EACCES, func() error { return tcp(unix.Bind) }})
	}
	if l.Net&unix.LANDLOCK_ACCESS_NET_CONNECT_TCP != 0 {
		tries = append(tries, attempt{"connect TCP", unix.EACCES, func() error { return tcp(unix.Connect) }})
	}
	if l.Scoped&unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET != 0 {
		tries = append(tries, attempt{"connect to an abstract unix socket", unix.EPERM, s.connectBeyond})
	}
	for _, t := range tries {
		if err := t.prove(); err != nil {
			return err
		}
	}
	return nil
}

// attempt is something that must fail in one way.
type attempt struct {
	what string
	want error
	do   func() error
}

func (a attempt) prove() error {
	if err := a.do(); err != a.want {
		return fmt.Errorf("%s = %v, want %v", a.what, err, a.want)
	}
	return nil
}

func listRoot() error {
	fd, err := unix.Open("/", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err == nil {
		unix.Close(fd)
	}
	return err
}

func tcp(call func(int, unix.Sockaddr) error) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	defer unix.Close(fd)
	return call(fd, &unix.SockaddrInet4{Port: 9})
}

func (s *stage) connectBeyond() error {
	defer unix.Close(s.beyond)
	addr, err := unix.Getsockname(s.beyond)
	if err != nil {
		return fmt.Errorf("getsockname: %w", err)
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	defer unix.Close(fd)
	return unix.Connect(fd, addr)
}
