package jail

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"jpm/jail/internal/seccomp"
	"jpm/jail/plan"
)

// Start starts a worker of a pool that AddPool knows: listener, jail, program, checks. It comes back when the worker has accepted
// its first connection. name labels it in errors. When it fails, by ctx too, nothing is left of the worker, and the error is a
// *StepError, a *VerifyError, or says what the master itself could not do.
//
// denied is told of every system call that the worker's profile denies, if the host has Host.Listener. It is called one call at a
// time, from before Start returns until the worker has ended, and while it runs the worker's next denied call waits. Wait returns
// after the last. It may be nil.
func (s *Spawner) Start(ctx context.Context, j *Jail, name string, denied func(Denial)) (*Worker, error) {
	w, err := s.start(ctx, j, launch{name: name, plan: *j.plan, listen: true, profile: j.denials, denied: denied})
	if err != nil {
		return nil, fmt.Errorf("start worker %s: %w", name, err)
	}
	return w, nil
}

// StartProxy starts jpm's proxy in the jail that CompileProxy made: exe is executed by descriptor, so no path of it need exist in
// the jail. The extra files become descriptors 3, 4, ... in order; the caller keeps its own. Descriptor 0 is /dev/null, 1 and 2 are
// the pipe behind Log. The Worker has no connection: Conn is nil and Dial fails.
func (s *Spawner) StartProxy(j *Jail, exe *os.File, argv []string, extra []*os.File) (*Worker, error) {
	w, err := s.start(context.Background(), j, proxyLaunch(j, exe, argv, extra))
	if err != nil {
		return nil, fmt.Errorf("start proxy: %w", err)
	}
	return w, nil
}

func proxyLaunch(j *Jail, exe *os.File, argv []string, extra []*os.File) launch {
	l := launch{name: j.Name(), plan: *j.plan, exe: exe, extra: extra}
	l.plan.Argv, l.plan.Extra = slices.Clone(argv), len(extra)
	return l
}

// launch is one start: the jail's plan with what belongs to this start only.
type launch struct {
	name   string
	plan   plan.Plan
	listen bool
	exe    *os.File
	extra  []*os.File
	// profile answers denied calls and denied hears of them, where the plan has a listener.
	profile *seccomp.Profile
	denied  func(Denial)
	// found gets what a look at every layer shows, in place of the check that the first difference fails.
	found *[]Finding
}

func (s *Spawner) start(ctx context.Context, j *Jail, l launch) (_ *Worker, err error) {
	l.plan.SkipStep = s.o.skipStep
	program, err := findProgram(&l.plan, l.exe)
	if err != nil {
		return nil, err
	}
	w := &Worker{s: s, name: l.name, listener: -1, init: -1, worker: -1, done: make(chan struct{})}
	if err := s.do(func() error { return s.fork(j, l, w) }); err != nil {
		w.release()
		w.leaveCgroup()
		w.closeFiles()
		return nil, err
	}
	go w.wait()
	defer func() {
		if err == nil {
			return
		}
		// A program that ended by itself fails the checks in whatever way its last moments look; how it ended is the better news.
		var step *StepError
		ended := !errors.As(err, &step) && w.endsBy(20*time.Millisecond)
		w.Close()
		w.closeFiles()
		if ended {
			err = fmt.Errorf("%w: %v", errGone, w.exit)
		}
	}()
	stop := context.AfterFunc(ctx, func() { w.Kill() })
	defer func() {
		if !stop() && err != nil {
			err = fmt.Errorf("%w (%v)", context.Cause(ctx), err)
		}
	}()
	if err := w.handshake(&l); err != nil {
		return nil, err
	}
	switch {
	case l.found != nil:
		if err := w.measure(j, &l, program); err != nil {
			return nil, err
		}
	case !s.o.skipVerify:
		if err := w.verify(&l.plan, program); err != nil {
			return nil, err
		}
		if err := w.verifySockets(j); err != nil {
			return nil, err
		}
	}
	if l.listen {
		if err := w.accepted(ctx); err != nil {
			return nil, fmt.Errorf("first connection: %w", err)
		}
	}
	return w, ctx.Err()
}

// fork makes everything a worker starts with and clones jpm-init. It runs on the spawning thread. What it leaves in w is
// w's to release, in case of an error too.
func (s *Spawner) fork(j *Jail, l launch, w *Worker) (err error) {
	var theirs []int // our copies of what the child gets
	keep := func(fd int) int { theirs = append(theirs, fd); return fd }
	defer func() {
		for _, fd := range theirs {
			unix.Close(fd)
		}
	}()

	stdin := -1
	if l.listen {
		if err := w.listen(); err != nil {
			return err
		}
		stdin = w.listener
	} else {
		if stdin, err = unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0); err != nil {
			return fmt.Errorf("open /dev/null: %w", err)
		}
		keep(stdin)
	}
	var log, status [2]int
	if err := unix.Pipe2(log[:], unix.O_CLOEXEC); err != nil {
		return fmt.Errorf("log pipe: %w", err)
	}
	keep(log[1])
	w.log = pollable(log[0], "worker log")
	if err := unix.Pipe2(status[:], unix.O_CLOEXEC); err != nil {
		return fmt.Errorf("status pipe: %w", err)
	}
	keep(status[1])
	w.status = pollable(status[0], "worker status")
	report, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("report socket: %w", err)
	}
	keep(report[1])
	w.report = pollable(report[0], "worker report")
	if err := unix.SetsockoptInt(report[0], unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err != nil {
		return fmt.Errorf("report socket: %w", err)
	}
	planFD, err := planFile(&l.plan)
	if err != nil {
		return err
	}
	keep(planFD)

	files := []uintptr{uintptr(stdin), uintptr(log[1]), uintptr(log[1]), uintptr(report[1]), uintptr(status[1]), uintptr(planFD)}
	if l.exe != nil {
		fd, err := dup(l.exe)
		if err != nil {
			return fmt.Errorf("program: %w", err)
		}
		files = append(files, uintptr(keep(fd)))
	}
	for _, f := range l.extra {
		fd, err := dup(f)
		if err != nil {
			return fmt.Errorf("extra file %s: %w", f.Name(), err)
		}
		files = append(files, uintptr(keep(fd)))
	}
	for i := range l.plan.Entries {
		if e := &l.plan.Entries[i]; e.Kind == plan.Bind {
			mnt, err := s.cloneMount(j, e)
			if err != nil {
				return err
			}
			files = append(files, uintptr(keep(mnt)))
		}
	}

	if len(files) >= highFD {
		return fmt.Errorf("%d paths and files are too many for one jail", len(files))
	}
	if w.group, err = s.cgroups.worker(j, l.name); err != nil {
		return err
	}
	pidfd := -1
	sys := &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS,
		Pdeathsig:  syscall.SIGKILL,
		Setsid:     true,
		PidFD:      &pidfd,
	}
	if w.group != nil && w.group.FD() >= 0 {
		sys.UseCgroupFD, sys.CgroupFD = true, w.group.FD()
	}
	if l.plan.Network != plan.HostNetwork {
		sys.Cloneflags |= unix.CLONE_NEWNET
	}
	if l.plan.UserNS {
		userNamespace(sys, &l.plan)
	}
	sys.Cloneflags &^= s.o.share
	self := "/proc/self/fd/" + strconv.Itoa(int(s.init.Fd()))
	pid, err := syscall.ForkExec(self, []string{"jpm-init", plan.StageInit}, &syscall.ProcAttr{Dir: "/", Files: files, Sys: sys,
		Env: []string{"GOMAXPROCS=1", "GOTRACEBACK=none"}})
	if err != nil {
		return fmt.Errorf("clone jpm-init: %w", err)
	}
	w.initPid, w.init = pid, pidfd
	if pidfd < 0 {
		if w.init, err = unix.PidfdOpen(pid, 0); err != nil { // our own child, not waited for: the pid is still its
			unix.Kill(pid, unix.SIGKILL)
			unix.Wait4(pid, nil, 0, nil)
			return fmt.Errorf("pidfd_open: %w", err)
		}
	}
	s.mu.Lock()
	s.live[w] = struct{}{}
	closed := s.closed
	s.mu.Unlock()
	if closed {
		unix.PidfdSendSignal(w.init, unix.SIGKILL, nil, 0) // Close took its list before this worker was on it
	}
	return nil
}

// pollable wraps a descriptor of ours for the runtime's poller.
func pollable(fd int, name string) *os.File {
	unix.SetNonblock(fd, true)
	return os.NewFile(uintptr(fd), name)
}

// dup copies f's descriptor without touching its mode: os.File.Fd would make it blocking for everyone who holds it.
func dup(f *os.File) (int, error) {
	c, err := f.SyscallConn()
	if err != nil {
		return -1, err
	}
	fd := -1
	var dupErr error
	if err := c.Control(func(from uintptr) { fd, dupErr = unix.FcntlInt(from, unix.F_DUPFD_CLOEXEC, 0) }); err != nil {
		return -1, err
	}
	return fd, dupErr
}

// planFile is the encoded plan in memory that nobody can change any more.
func planFile(p *plan.Plan) (int, error) {
	b := p.Encode()
	fd, err := unix.MemfdCreate("jpm-plan", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return -1, fmt.Errorf("plan memory: %w", err)
	}
	for n := 0; n < len(b); {
		m, err := unix.Write(fd, b[n:])
		if err != nil {
			unix.Close(fd)
			return -1, fmt.Errorf("plan memory: %w", err)
		}
		n += m
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SEAL|unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_WRITE); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("seal plan: %w", err)
	}
	return fd, nil
}
