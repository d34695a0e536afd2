//go:build integration

package test

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"jpm/pool"
	"jpm/status"
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
	for _, i := range j.incidents() {
		if i.Layer != status.Seccomp || i.Action != status.Killed {
			t.Errorf("incident %+v, want killed by seccomp", i)
		}
	}
	if n, p := len(j.incidents()), j.pool(); n != len(calls) || p.Recycles[pool.ReasonDenied] != uint64(len(calls)) {
		t.Errorf("%d incidents, %d recycled for denied, want %d of both", n, p.Recycles[pool.ReasonDenied], len(calls))
	}
}

// TestDeniedCalls: what an honest program may try fails, and the program goes on.
func TestDeniedCalls(t *testing.T) {
	j := startJPM(t, scripted())
	calls := []struct {
		name   string
		errno  unix.Errno
		params []string
		// the incident's words, where there is one
		told, args string
	}{
		{"kill", unix.EPERM, []string{"NR", fmt.Sprint(unix.SYS_KILL), "A0", "1"}, "kill", "pid=1 sig=0"},
		{"fork", unix.EPERM, []string{"NR", fmt.Sprint(unix.SYS_CLONE), "A0", fmt.Sprint(int(unix.SIGCHLD))}, "clone", "flags=SIGCHLD"},
		{"new user namespace by clone", unix.EPERM, []string{"NR", fmt.Sprint(unix.SYS_CLONE), "A0", fmt.Sprint(unix.CLONE_NEWUSER | int(unix.SIGCHLD))}, "clone", "flags=CLONE_NEWUSER|SIGCHLD"},
		{"clone3", unix.ENOSYS, []string{"NR", fmt.Sprint(unix.SYS_CLONE3)}, "", ""},
		{"a number from the future", unix.ENOSYS, []string{"NR", "5000"}, "", ""},
		{"memfd_create", unix.EPERM, []string{"NR", fmt.Sprint(unix.SYS_MEMFD_CREATE)}, "memfd_create", "name=? flags=0x0"},
		{"change the resource limits", unix.EPERM, []string{"NR", fmt.Sprint(unix.SYS_PRLIMIT64), "A2", "1"}, "prlimit64", "pid=0 resource=0"},
		{"type into the terminal, TIOCSTI", unix.EPERM, []string{"NR", fmt.Sprint(unix.SYS_IOCTL), "A1", fmt.Sprint(unix.TIOCSTI)}, "ioctl", "fd=0 command=0x5412"},
		{"TIOCSTI with high bits", unix.EPERM, []string{"NR", fmt.Sprint(unix.SYS_IOCTL), "A1", fmt.Sprintf("%#x", uint64(unix.TIOCSTI)|1<<32)}, "ioctl", "fd=0 command=0x100005412"},
	}
	for _, call := range calls {
		t.Run(call.name, func(t *testing.T) {
			mark := j.log.mark()
			before := len(j.incidents())
			a := j.exchange(deed("syscall", call.params...))
			if want := fmt.Sprintf("errno %d:", int(call.errno)); !strings.Contains(a.stdout, want) {
				t.Errorf("got %q, want %q", clip(a.stdout), want)
			}
			if call.errno != unix.EPERM { // what libraries try in vain
				if n := len(j.incidents()) - before; n != 0 {
					t.Errorf("%d incidents, want none", n)
				}
				return
			}
			j.log.wait(t, mark, line{
				"level": "error", "msg": "incident", "pool": "site", "layer": "seccomp", "action": "denied", "errno": "EPERM", "count": 1,
				"syscall": call.told, "arguments": call.args, "method": "POST", "uri": "/deed?syscall", "script": "/app/deed", "client": "192.0.2.7",
			})
			if all := j.incidents(); len(all) != before+1 || all[0].Syscall != call.told || all[0].Request == nil || all[0].URI != "/deed?syscall" {
				t.Errorf("status shows %d incidents, %d before, the last %+v", len(all), before, all[0])
			}
		})
	}
}

// stopped are those of one layer.
func (j *jpm) stopped(by status.Fence) []status.Incident {
	j.t.Helper()
	return slices.DeleteFunc(j.incidents(), func(i status.Incident) bool { return i.Layer != by })
}

// incidents are the latest of the first pool, as the status endpoint shows them.
func (j *jpm) incidents() []status.Incident {
	j.t.Helper()
	s, err := j.snapshot()
	if err != nil {
		j.t.Fatal(err)
	}
	return s.Incidents[s.Pools[0].Name].Last
}
