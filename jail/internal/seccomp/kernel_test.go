package seccomp

import (
	"math"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/bpf"
)

// The kernel's own verdicts. A child process loads two filters and makes the calls. The first answers every call with an errno
// that nothing else gives, so that nothing is ever carried out, exit, fork and reboot included; the second is the profile. Of
// two filters the stricter verdict counts, and of two errnos the later filter's: what the profile allows comes back as that
// errno, what it refuses as its own, and what it kills ends the child, and the next child goes on behind it.
//
// This needs no rights: no_new_privs is enough for a filter.

// passed is the errno of the filter below the profile.
const passed = 4000

// lastWord is the exit code of a child that has made all calls.
const lastWord = 77

// made is one call and what came of it.
type made struct {
	nr   uintptr
	args [6]uintptr
	// gate makes the call instead, by a way of its own. It is a pointer to where the code's address stands, which is what a Go
	// function value is.
	gate *uintptr

	errno uintptr
	over  uintptr // 1 when the call has come back
}

// childsPart is what a child finds in memory it shares with the test.
type childsPart struct {
	filters [2]unix.SockFprog
	failed  uintptr // the step that did not work, 0 if all did
	next    int     // the call that is being made
	calls   []made
}

// belowProfile is the filter that lets nothing happen, but for the child's own exit and the loading of the second filter.
func belowProfile() []bpf.Instruction {
	const ld, jeq, ret = bpf.Ld | bpf.Abs | bpf.W, bpf.Jmp | bpf.Jeq | bpf.K, bpf.Ret | bpf.K
	return []bpf.Instruction{
		bpf.Stmt(ld, 0),
		bpf.Jump(jeq, unix.SYS_EXIT_GROUP, 1, 0),
		bpf.Jump(jeq, unix.SYS_SECCOMP, 2, 5),
		bpf.Stmt(ld, 16), // the low half of args[0]
		bpf.Jump(jeq, lastWord, 2, 3),
		bpf.Stmt(ld, 16),
		bpf.Jump(jeq, unix.SECCOMP_SET_MODE_FILTER, 0, 1),
		bpf.Stmt(ret, uint32(Allow)),
		bpf.Stmt(ret, uint32(Errno(passed))),
	}
}

// inKernel makes the calls under the profile and gives the kernel's verdicts.
func inKernel(t *testing.T, profile []byte, calls []made) []Verdict {
	t.Helper()
	below := encode(belowProfile())
	size := int(unsafe.Sizeof(childsPart{})) + len(calls)*int(unsafe.Sizeof(made{}))
	mem, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANONYMOUS)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(mem)
	part := (*childsPart)(unsafe.Pointer(&mem[0]))
	part.calls = unsafe.Slice((*made)(unsafe.Pointer(&mem[unsafe.Sizeof(*part)])), len(calls))
	copy(part.calls, calls)
	for i, prog := range [][]byte{below, profile} {
		part.filters[i] = unix.SockFprog{Len: uint16(len(prog) / 8), Filter: (*unix.SockFilter)(unsafe.Pointer(&prog[0]))}
	}

	verdicts := make([]Verdict, len(calls))
	for part.next < len(calls) {
		status := runChild(t, part)
		if part.failed != 0 {
			t.Fatalf("child: step %d failed: %v", part.failed>>16, unix.Errno(part.failed&0xffff))
		}
		switch {
		case status.Exited() && status.ExitStatus() == lastWord:
			if part.next != len(calls) {
				t.Fatalf("child ended at call %d of %d", part.next, len(calls))
			}
		case status.Signaled() && (status.Signal() == unix.SIGSYS || noGate(part.calls[part.next], status)):
			verdicts[part.next] = Kill
			part.next++
		default:
			t.Fatalf("child ended with %#x at call %+v", uint32(status), part.calls[min(part.next, len(calls)-1)])
		}
	}
	for i, c := range part.calls {
		switch {
		case c.over == 0: // killed
		case c.errno == passed:
			verdicts[i] = Allow
		default:
			verdicts[i] = Errno(unix.Errno(c.errno))
		}
	}
	runtime.KeepAlive(below)
	runtime.KeepAlive(profile)
	return verdicts
}

// noGate says whether a kernel that has no 32-bit table has refused the instruction itself.
func noGate(c made, status unix.WaitStatus) bool {
	return c.gate != nil && status.Signal() == unix.SIGSEGV
}

// runChild forks and waits. Signals are blocked around it: in the child there is one thread of a runtime that has many.
func runChild(t *testing.T, part *childsPart) unix.WaitStatus {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var all, old unix.Sigset_t
	for i := range all.Val {
		all.Val[i] = math.MaxUint64
	}
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &all, &old); err != nil {
		t.Fatal(err)
	}
	pid, e := fork(part)
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil); err != nil {
		t.Fatal(err)
	}
	if e != 0 {
		t.Fatal("fork:", e)
	}
	var status unix.WaitStatus
	for {
		_, err := unix.Wait4(pid, &status, 0, nil)
		if err == nil {
			return status
		}
		if err != unix.EINTR {
			t.Fatal("wait:", err)
		}
	}
}

//go:norace
//go:nosplit
func fork(part *childsPart) (int, unix.Errno) {
	pid, _, e := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if e != 0 || pid != 0 {
		return int(pid), e
	}
	child(part)
	return 0, 0
}

// child runs in the forked process: raw calls and shared memory, nothing of the Go runtime.
//
//go:norace
//go:nosplit
func child(part *childsPart) {
	var noCore [2]uint64
	_, _, e := unix.RawSyscall6(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_CORE, uintptr(unsafe.Pointer(&noCore)), 0, 0, 0)
	if e != 0 {
		part.failed = 1<<16 | uintptr(e)
	}
	_, _, e = unix.RawSyscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0)
	if e != 0 {
		part.failed = 2<<16 | uintptr(e)
	}
	for i := range 2 {
		_, _, e = unix.RawSyscall6(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&part.filters[i])), 0, 0, 0)
		if e != 0 {
			part.failed = uintptr(3+i)<<16 | uintptr(e)
		}
	}
	for part.failed == 0 && part.next < len(part.calls) {
		c := &part.calls[part.next]
		var e unix.Errno
		if c.gate != nil {
			(*(*func())(unsafe.Pointer(&c.gate)))()
		} else {
			_, _, e = unix.RawSyscall6(c.nr, c.args[0], c.args[1], c.args[2], c.args[3], c.args[4], c.args[5])
		}
		c.errno, c.over = uintptr(e), 1
		part.next++
	}
	for {
		unix.RawSyscall(unix.SYS_EXIT_GROUP, lastWord, 0, 0)
	}
}
