// Command jpm-init builds one jail and becomes PID 1 of it. The jpm master starts it; it is of no use from a shell.
//
// It runs twice per worker. The init stage is PID 1 of the jail's pid namespace: it builds the root, gives up every
// privilege of its own, reaps, and tells the master the worker's wait status. The exec stage is its child: it confines
// itself and becomes the worker. Two stages instead of one because a worker such as php-cgi reaps nothing, and a PID 1 that
// does not reap collects zombies. Both run a flat list of named steps from a compiled plan (package plan); a step does its
// work or the worker does not start.
//
// Nearly everything here acts on one thread in Linux while a Go program has several, so main stays on the first thread, and
// where PID 1 drops its privileges it does so on all of them.
//
//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0
package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"unsafe"

	"golang.org/x/sys/unix"

	"jpm/jail/plan"
)

func init() {
	runtime.LockOSThread()
	// Both stages allocate little and end, or wait for ever.
	debug.SetGCPercent(-1)
}

func main() {
	if len(os.Args) != 2 {
		die()
	}
	// It was executed by descriptor, so ps would show a number.
	if name, err := unix.BytePtrFromString("jpm-init"); err == nil {
		_ = unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(name)), 0, 0, 0)
	}
	switch os.Args[1] {
	case plan.StageInit:
		os.Exit(runInit())
	case plan.StageExec:
		os.Exit(runExec())
	default:
		die()
	}
}

func die() {
	os.Stderr.WriteString("jpm-init is started by jpm, not by hand\n")
	os.Exit(2)
}

// step is one named piece of work; the names are the ones that errors and the documentation show.
type step struct {
	name string
	run  func() error
}

// runSteps runs the steps in order up to the first that fails, and tells the master which one that was.
func runSteps(steps []step, skip string) bool {
	for _, s := range steps {
		if skip != "" && s.name == skip {
			continue
		}
		if err := s.run(); err != nil {
			report(s.name, err)
			return false
		}
	}
	return true
}

// report tells the master that a step failed. There is nobody else to tell if that fails too; the master then sees the end
// of the file.
func report(name string, err error) {
	_ = unix.Send(reportFD, plan.EncodeFailure(&plan.StepError{Step: name, Err: err}), unix.MSG_NOSIGNAL)
}

// reportFD is where report writes: FDReport until the exec stage moves it out of the way of the worker's descriptors.
var reportFD = plan.FDReport

// readPlan decodes the plan both stages are given. pread, because they share the file's offset.
func readPlan() (*plan.Plan, error) {
	var st unix.Stat_t
	if err := unix.Fstat(plan.FDPlan, &st); err != nil {
		return nil, err
	}
	b := make([]byte, st.Size)
	for n := 0; n < len(b); {
		m, err := unix.Pread(plan.FDPlan, b[n:], int64(n))
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, err
		}
		if m == 0 {
			b = b[:n]
			break
		}
		n += m
	}
	return plan.Decode(b)
}
