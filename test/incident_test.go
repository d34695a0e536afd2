//go:build integration

package test

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"jpm/pool"
)

// scripted is a pool of the scripted worker.
func scripted() site {
	worker := filepath.Join(bin, "worker")
	return site{
		command: []string{worker},
		noRule:  true,
		workers: "max = 2",
		jail:    fmt.Sprintf("exec = [%q]", worker),
	}
}

// deed is a request that makes the scripted worker do something.
func deed(do string, more ...string) string {
	return simple(1, false, append([]string{
		"DO", do, "REQUEST_METHOD", "POST", "REQUEST_URI", "/deed?" + do, "SCRIPT_FILENAME", "/app/deed", "REMOTE_ADDR", "192.0.2.7",
	}, more...)...)
}

// TestIncident: a system call that no honest site makes kills the worker, fails the request, and is logged with it.
func TestIncident(t *testing.T) {
	calls := map[string][]string{
		"unshare": {"NR", fmt.Sprint(unix.SYS_UNSHARE)},
		"ptrace":  {"NR", fmt.Sprint(unix.SYS_PTRACE), "A0", "16", "A1", "999999999"},
		"mount":   {"NR", fmt.Sprint(unix.SYS_MOUNT)},
		"chroot":  {"NR", fmt.Sprint(unix.SYS_CHROOT)},
		"setns":   {"NR", fmt.Sprint(unix.SYS_SETNS), "A0", "0xffffffff"},
		"bpf":     {"NR", fmt.Sprint(unix.SYS_BPF), "A0", "0xffffffff"},
		"keyctl":  {"NR", fmt.Sprint(unix.SYS_KEYCTL)},
	}
	if runtime.GOARCH == "amd64" {
		calls["x32's getpid"] = []string{"NR", "0x40000027"}
	}
	j := startJPM(t, scripted())
	for name, params := range calls {
		t.Run(name, func(t *testing.T) {
			j.waitIdle()
			mark := j.log.mark()
			a := j.exchange(deed("syscall", params...))
			if !strings.HasPrefix(a.stdout, "Status: 502") {
				t.Errorf("got %q, want 502", clip(a.stdout))
			}
			j.log.wait(t, mark, line{
				"level": "error", "msg": "incident", "pool": "site", "layer": "seccomp",
				"method": "POST", "uri": "/deed?syscall", "script": "/app/deed", "client": "192.0.2.7",
			})
			j.log.wait(t, mark, line{"msg": "worker", "to": "down", "reason": "denied", "signal": "bad system call"})
			if a := j.exchange(deed("hello")); !strings.Contains(a.stdout, "hello") {
				t.Errorf("the next request got %q", clip(a.stdout))
			}
		})
	}
	j.waitIdle()
	if p := j.pool(); p.Incidents != uint64(len(calls)) || p.Recycles[pool.ReasonDenied] != uint64(len(calls)) {
		t.Errorf("%d incidents, %d recycled for denied, want %d of both", p.Incidents, p.Recycles[pool.ReasonDenied], len(calls))
	}
}

// TestDeniedCalls: what an honest program may try fails, and the program goes on.
func TestDeniedCalls(t *testing.T) {
	j := startJPM(t, scripted())
	calls := []struct {
		name   string
		errno  unix.Errno
		params []string
	}{
		{"kill", unix.EPERM, []string{"NR", fmt.Sprint(unix.SYS_KILL), "A0", "1"}},
		{"fork", unix.EPERM, []string{"NR", fmt.Sprint(unix.SYS_CLONE), "A0", fmt.Sprint(int(unix.SIGCHLD))}},
		{"new user namespace by clone", unix.EPERM, []string{"NR", fmt.Sprint(unix.SYS_CLONE), "A0", fmt.Sprint(unix.CLONE_NEWUSER | int(unix.SIGCHLD))}},
		{"clone3", unix.ENOSYS, []string{"NR", fmt.Sprint(unix.SYS_CLONE3)}},
		{"a number from the future", unix.ENOSYS, []string{"NR", "5000"}},
		{"memfd_create", unix.EPERM, []string{"NR", fmt.Sprint(unix.SYS_MEMFD_CREATE)}},
		{"change the resource limits", unix.EPERM, []string{"NR", fmt.Sprint(unix.SYS_PRLIMIT64), "A2", "1"}},
		{"type into the terminal, TIOCSTI", unix.EPERM, []string{"NR", fmt.Sprint(unix.SYS_IOCTL), "A1", fmt.Sprint(unix.TIOCSTI)}},
		{"TIOCSTI with high bits", unix.EPERM, []string{"NR", fmt.Sprint(unix.SYS_IOCTL), "A1", fmt.Sprintf("%#x", uint64(unix.TIOCSTI)|1<<32)}},
	}
	for _, call := range calls {
		t.Run(call.name, func(t *testing.T) {
			a := j.exchange(deed("syscall", call.params...))
			if want := fmt.Sprintf("errno %d:", int(call.errno)); !strings.Contains(a.stdout, want) {
				t.Errorf("got %q, want %q", clip(a.stdout), want)
			}
		})
	}
	if n := len(j.log.lines(0, line{"msg": "incident"})); n > 0 {
		t.Errorf("%d incidents, want none", n)
	}
}
