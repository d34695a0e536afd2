package main

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"

	"jpm/jail/plan"
)

// builder is the init stage: PID 1 of the jail.
type builder struct {
	p     *plan.Plan
	child int // pid of the exec stage, later the worker
	sync  int // socket to the exec stage
	root  int // the new root's mount
	old   int // the host's root, until it is gone
}

func runInit() int {
	p, err := readPlan()
	if err != nil {
		report("read-plan", err)
		return 1
	}
	b := &builder{p: p, sync: -1, root: -1, old: -1}
	if !runSteps(b.steps(), p.SkipStep) {
		return 1 // and with PID 1 the kernel kills the rest of the jail
	}
	return b.reap()
}

func (b *builder) steps() []step {
	return []step{
		// A master that died between clone and here would leave a jail that nobody owns. getppid is 0 in a new pid
		// namespace, so the proof that the master lives is its end of the status pipe.
		{"death-signal", b.deathSignal},
		// Nobody outside may attach to a process that holds mounts of the host (CVE-2016-9962, CVE-2016-8659).
		{"dumpable", undumpable},
		// Before there is a second process, which would not be moved along. Where PID 1 was born in its cgroup the word is there already.
		{"cgroup", awaitCgroup},
		// Not with the other namespaces in clone: its root is the cgroup of whoever makes it, and that is set by now.
		{"cgroup-namespace", func() error { return unix.Unshare(unix.CLONE_NEWCGROUP) }},
		// First of the slow things: the second Go runtime starts while this one mounts.
		{"fork", b.fork},
		// Before any mount, so that none propagates to the host.
		{"private-mounts", privateMounts},
		{"new-root", b.newRoot},
		{"fill-root", b.fillRoot},
		// The last that counts as a namespace was a mount that lay nowhere yet. The settings are in the host's /proc.
		{"zero", b.zero},
		// The exec stage takes what it needs from the host's /proc; after the pivot that is gone.
		{"wait-exec-stage", b.waitChild},
		{"pivot-root", b.pivot},
		{"detach-host", b.detach},
		// Last of the mount work: mount points were made in it.
		{"read-only-root", b.readOnlyRoot},
		{"prove-root", proveRoot},
		{"prove-zero", b.proveZero},
		// Needs CAP_NET_ADMIN over the jail's own network.
		{"loopback", b.loopback},
		{"hostname", func() error { return unix.Sethostname([]byte(b.p.Hostname)) }},
		// The exec stage does not go on before PID 1 has nothing left to lose: then there is no moment in which the
		// worker's code runs beside a privileged process of its own jail.
		{"init-close", b.closeRest},
		{"init-drop", b.drop},
		{"prove-init", b.proveInit},
		{"init-seccomp", b.filter},
		{"release", b.release},
	}
}

func (b *builder) deathSignal() error {
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return err
	}
	fds := []unix.PollFd{{Fd: plan.FDStatus}}
	if _, err := unix.Poll(fds, 0); err != nil {
		return err
	}
	if fds[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0 {
		return fmt.Errorf("the master is gone: %w", unix.ESRCH)
	}
	unix.Umask(0) // modes of mount points are exactly the plan's
	return nil
}

// awaitCgroup waits for the master's word that this process is where it is to be bounded. The socket is the exec stage's later.
func awaitCgroup() error {
	var c [1]byte
	n, err := readFull(plan.FDReport, c[:])
	if err != nil {
		return err
	}
	if n != 1 || c[0] != plan.Go {
		return fmt.Errorf("the master is gone: %w", unix.ESRCH)
	}
	return nil
}

func undumpable() error { return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }

// fork starts the exec stage. It gets neither the status pipe nor a mount.
func (b *builder) fork() error {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	files := []uintptr{plan.FDStdin, plan.FDStdout, plan.FDStderr, plan.FDReport, uintptr(pair[1]), plan.FDPlan}
	for i := range b.passed() {
		files = append(files, uintptr(plan.FDFirst+i))
	}
	pid, err := syscall.ForkExec("/proc/self/exe", []string{"jpm-init", plan.StageExec}, &syscall.ProcAttr{
		Files: files,
		Env:   []string{"GOMAXPROCS=1", "GOTRACEBACK=none"},
		Sys:   &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
	})
	unix.Close(pair[1])
	b.child, b.sync = pid, pair[0]
	return err
}

// passed is how many descriptors after the fixed ones are for the exec stage.
func (b *builder) passed() int {
	n := b.p.Extra
	if b.p.Path == "" {
		n++
	}
	return n
}

// waitChild waits until the exec stage has read what it needs from the host's /proc.
func (b *builder) waitChild() error {
	var c [1]byte
	n, err := readFull(b.sync, c[:])
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("the exec stage is gone: %w", unix.ESRCH)
	}
	return nil
}

// release lets the exec stage go on. The report socket is the exec stage's alone from here, so that its end of file means exec.
func (b *builder) release() error {
	if err := unix.Close(plan.FDReport); err != nil {
		return err
	}
	if _, err := unix.Write(b.sync, []byte{plan.Go}); err != nil {
		return err
	}
	return unix.Close(b.sync)
}

// reap waits for every process of the jail and tells the master how the worker ended. With PID 1 the kernel kills what the
// worker left behind.
func (b *builder) reap() int {
	for {
		var ws syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &ws, 0, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return 1
		}
		if pid == b.child && (ws.Exited() || ws.Signaled()) {
			_, _ = unix.Write(plan.FDStatus, plan.EncodeStatus(ws))
			return 0
		}
	}
}

// readFull reads one message of up to len(p) bytes and retries when a signal of the Go runtime interrupts.
func readFull(fd int, p []byte) (int, error) {
	for {
		n, err := unix.Read(fd, p)
		if err != unix.EINTR {
			return n, err
		}
	}
}
