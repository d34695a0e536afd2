package jail

import (
	"fmt"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"jpm/jail/plan"
)

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
