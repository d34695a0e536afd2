package jail

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// enteredName is argv[0] of a program that Enter has started.
const enteredName = "jpm: rootless"

// masterCapabilities are what the master of an ordinary user has in its user namespace: mounts and namespaces, and a look at jails, which
// nobody may attach to.
var masterCapabilities = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SYS_PTRACE}

// Entered says whether Enter has started this program.
func Entered() bool { return os.Args[0] == enteredName }

// Enter is for an ordinary user: it runs this very program once more, with the same arguments, in a user and a mount namespace in which it
// may do what Probe and NewSpawner need, and waits for its end. The user is the same in there and has no more rights over anything
// that was there before. Only clone can make the namespace, a program with threads cannot enter one (unshare(2)), hence the second
// process. It gets the signals that this one gets and dies when this one is killed. The code is its exit code.
func Enter() (code int, err error) {
	runtime.LockOSThread() // the death signal is this thread's
	defer runtime.UnlockOSThread()
	signals := make(chan os.Signal, 8)
	for _, s := range []os.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGQUIT, unix.SIGHUP, unix.SIGUSR1, unix.SIGUSR2} {
		if !signal.Ignored(s) { // nohup: the other process ignores it as well
			signal.Notify(signals, s)
		}
	}
	defer signal.Stop(signals)
	uid, gid := os.Geteuid(), os.Getegid()
	argv := append([]string{enteredName}, os.Args[1:]...)
	p, err := os.StartProcess("/proc/self/exe", argv, &os.ProcAttr{
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
		Sys: &syscall.SysProcAttr{
			Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNS,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}},
			AmbientCaps: masterCapabilities,
			Pdeathsig:   syscall.SIGKILL,
		},
	})
	if err != nil {
		return 0, whyNoNamespace(err, sysctl)
	}
	ended := make(chan struct{})
	passed := make(chan struct{})
	go func() {
		defer close(passed)
		for {
			select {
			case s := <-signals:
				_ = p.Signal(s) // its only error is that the process has ended
			case <-ended:
				return
			}
		}
	}()
	state, err := p.Wait()
	close(ended)
	<-passed
	if err != nil {
		return 0, fmt.Errorf("wait for jpm in its user namespace: %w", err)
	}
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 0, fmt.Errorf("jpm in its user namespace ended by %s", unix.SignalName(ws.Signal()))
	}
	return state.ExitCode(), nil
}

// beside are the processes of this jpm beside the master: the one that Enter waits in.
func beside() []int {
	if !Entered() {
		return nil
	}
	return []int{os.Getppid()}
}

func sysctl(name string) string {
	b, _ := os.ReadFile("/proc/sys/" + name)
	return strings.TrimSpace(string(b))
}

// findOwn is nil for root, and the account of an ordinary user who has what Enter gives.
func findOwn() (*Own, error) {
	if os.Geteuid() == 0 {
		return nil, nil
	}
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&head, &data[0]); err != nil {
		return nil, fmt.Errorf("capget: %w", err)
	}
	for _, c := range masterCapabilities {
		if data[c/32].Effective&(1<<(c%32)) == 0 {
			return nil, fmt.Errorf("jail: %w", whyNoNamespace(unix.EPERM, sysctl))
		}
	}
	groups, err := os.Getgroups()
	if err != nil {
		return nil, fmt.Errorf("groups: %w", err)
	}
	o := &Own{UID: uint32(os.Geteuid()), GID: uint32(os.Getegid())}
	for _, g := range groups {
		if g != int(o.GID) {
			o.Groups++
		}
	}
	return o, nil
}

// cloneFlags are what a clone needs so that it may make the other namespaces of a jail.
func (o *Own) cloneFlags() uintptr {
	if o == nil {
		return 0
	}
	return unix.CLONE_NEWUSER
}
