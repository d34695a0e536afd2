package main

import (
	"fmt"
	"math"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"

	"jpm/jail/plan"
)

// stage is the exec stage: the process that confines itself and becomes the worker.
type stage struct {
	p    *plan.Plan
	exe  int      // the program's descriptor, if the plan names no path
	argv *oneExec // the only arguments execve will be allowed with

	beyond int // a listener made before the Landlock domain, so outside of it
}

func runExec() int {
	p, err := readPlan()
	if err != nil {
		report("read-plan", err)
		return 1
	}
	s := &stage{p: p, exe: -1, beyond: -1}
	runSteps(s.steps(), p.SkipStep)
	return 1 // runSteps does not come back from the last step
}

func (s *stage) steps() []step {
	return []step{
		// PID 1's end takes all with it anyway; this one also covers the time before the pid namespace's kill.
		{"exec-death-signal", deathSignal},
		// Needs the host's /proc and, because a process that is not dumpable cannot write its own, comes before that.
		{"oom-score", s.oomScore},
		{"exec-dumpable", undumpable},
		// From here on the old root may go.
		{"stand-by", standBy},
		// No controlling terminal to push input into (TIOCSTI), no process group shared with anyone.
		{"session", session},
		{"keyring", keyring},
		// While there is still the privilege to set limits that are not lower.
		{"rlimits", s.rlimits},
		{"umask", func() error { unix.Umask(int(s.p.Umask)); return nil }},
		// All three need CAP_SETPCAP, so they come before the capabilities go; the bounding set first, so that nothing
		// after could regain one.
		{"bounding-set", dropBounding},
		{"ambient", clearAmbient},
		{"securebits", lockSecurebits},
		// Each needs a capability. The securebits keep the uid change from touching the sets, so they are emptied after it.
		{"groups", s.noGroups},
		{"gid", s.gid},
		{"uid", s.uid},
		{"capabilities", emptyCapabilities},
		// The uid change cleared it.
		{"death-signal-again", deathSignal},
		{"prove-identity", s.proveIdentity},
		// After the pivot and as the worker's uid, so that it can be no directory of the host and none the worker may not enter.
		{"working-directory", func() error { return unix.Chdir(s.p.Dir) }},
		// Needed by seccomp without CAP_SYS_ADMIN, and the end of every setuid file.
		{"no-new-privs", noNewPrivs},
		// Needs no_new_privs, and the mounts to be final: inside a domain nobody mounts. Before the filter, which kills who calls it.
		{"landlock", s.landlock},
		{"prove-landlock", s.proveLandlock},
		{"mdwe", s.mdwe},
		{"prove-process", s.proveProcess},
		{"signals", resetSignals},
		// Before the filter that is made of their addresses.
		{"arguments", s.arguments},
		// Closing, not close-on-exec: a descriptor that leaks is a way out (CVE-2024-21626).
		{"descriptors", s.descriptors},
		// The master looks from outside and answers only if it sees what it expects.
		{"ready", ready},
		// Last: everything above needs calls that the filter refuses.
		{"seccomp", s.seccomp},
		{"exec", s.exec},
	}
}

func deathSignal() error {
	return unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0)
}

func (s *stage) oomScore() error {
	fd, err := unix.Open("/proc/self/oom_score_adj", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.Write(fd, []byte(strconv.Itoa(s.p.OOMScoreAdj)))
	return err
}

// standBy tells PID 1 that the host's root is no longer needed, and waits until the jail is built.
func standBy() error {
	if _, err := unix.Write(plan.FDStatus, []byte{plan.Ready}); err != nil {
		return err
	}
	var c [1]byte
	n, err := readFull(plan.FDStatus, c[:])
	if err != nil {
		return err
	}
	if n == 0 || c[0] != plan.Go {
		return fmt.Errorf("the jail was not built: %w", unix.ESRCH)
	}
	return nil
}

func session() error {
	_, err := unix.Setsid()
	return err
}

// keyring gives the worker an anonymous session keyring instead of the one it inherits; a named one could be joined by others.
func keyring() error {
	_, _, e := unix.RawSyscall(unix.SYS_KEYCTL, unix.KEYCTL_JOIN_SESSION_KEYRING, 0, 0)
	if e == unix.ENOSYS {
		return nil // a kernel without keys has none to leak
	}
	return errnoErr(e)
}

// rlimits sets the limits by the raw call: the Go runtime keeps its own idea of RLIMIT_NOFILE and would restore it.
func (s *stage) rlimits() error {
	for _, l := range s.p.Rlimits {
		v := unix.Rlimit{Cur: l.Value, Max: l.Value}
		_, _, e := unix.RawSyscall6(unix.SYS_PRLIMIT64, 0, uintptr(l.Resource), uintptr(unsafe.Pointer(&v)), 0, 0, 0)
		if e != 0 {
			return fmt.Errorf("resource %d to %d: %w", l.Resource, l.Value, e)
		}
	}
	return nil
}

func (s *stage) mdwe() error {
	if !s.p.MDWE {
		return nil
	}
	return unix.Prctl(unix.PR_SET_MDWE, unix.PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0)
}

// resetSignals gives every signal its default action and empties the mask. Both survive exec where they are not the default; a
// master started by nohup would otherwise hand "ignore SIGHUP" to every worker. Of the Go runtime's handlers only the
// preemption signal could still come, and its default is to be ignored.
func resetSignals() error {
	var def [4]uintptr // struct sigaction of the kernel: handler, flags, (restorer,) mask; all zero is SIG_DFL
	for sig := uintptr(1); sig <= 64; sig++ {
		if sig == uintptr(unix.SIGKILL) || sig == uintptr(unix.SIGSTOP) {
			continue
		}
		if _, _, e := unix.RawSyscall6(unix.SYS_RT_SIGACTION, sig, uintptr(unsafe.Pointer(&def)), 0, 8, 0, 0); e != 0 {
			return fmt.Errorf("signal %d: %w", sig, e)
		}
	}
	var none uint64
	_, _, e := unix.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, uintptr(unsafe.Pointer(&none)), 0, 8, 0, 0)
	return errnoErr(e)
}

// descriptors leaves 0, 1, 2, the plan's extra ones from 3 on, and behind them, close-on-exec, the report socket and the program.
func (s *stage) descriptors() error {
	from := plan.FDFirst
	keep := make([]int, 0, s.p.Extra+2)
	exe := -1
	if s.p.Path == "" {
		exe, from = from, from+1
	}
	for i := range s.p.Extra {
		keep = append(keep, from+i)
	}
	keep = append(keep, reportFD)
	if exe >= 0 {
		keep = append(keep, exe)
	}
	// First out of the way, then into place: the two ranges overlap.
	high := make([]int, len(keep))
	for i, fd := range keep {
		var err error
		if high[i], err = unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, plan.FDFirst+2*len(keep)+8); err != nil {
			return err
		}
	}
	for i, fd := range high {
		flags := 0
		if i >= s.p.Extra {
			flags = unix.O_CLOEXEC
		}
		if err := unix.Dup3(fd, 3+i, flags); err != nil {
			return err
		}
	}
	reportFD = 3 + s.p.Extra
	if exe >= 0 {
		s.exe = reportFD + 1
	}
	return unix.CloseRange(uint(3+len(keep)), math.MaxUint32, 0)
}

// ready tells the master this process's credentials and waits for its word.
func ready() error {
	cred := unix.UnixCredentials(&unix.Ucred{Pid: int32(unix.Getpid()), Uid: uint32(unix.Getuid()), Gid: uint32(unix.Getgid())})
	if err := unix.Sendmsg(reportFD, []byte{plan.Ready}, cred, nil, unix.MSG_NOSIGNAL); err != nil {
		return err
	}
	var c [1]byte
	n, err := readFull(reportFD, c[:])
	if err != nil {
		return err
	}
	if n == 0 || c[0] != plan.Go {
		return fmt.Errorf("the master said no: %w", unix.ECANCELED)
	}
	return nil
}

func errnoErr(e unix.Errno) error {
	if e == 0 {
		return nil
	}
	return e
}
