//go:build integration

package test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"jpm/pool"
	"jpm/status"
)

// cgroupsOf lists the cgroups of a master.
func cgroupsOf(pid int) []string {
	var all []string
	for _, pattern := range []string{"/sys/fs/cgroup/jpm-", "/sys/fs/cgroup/*/jpm-", "/sys/fs/cgroup/*/*/jpm-", "/sys/fs/cgroup/*/*/*/jpm-"} {
		found, _ := filepath.Glob(fmt.Sprintf("%s%d-*", pattern, pid))
		all = append(all, found...)
	}
	return all
}

// TestMemoryLimit: a request that takes all the memory it can get ends its worker, is answered with 502 and named in the log; the pool
// goes on.
func TestMemoryLimit(t *testing.T) {
	s := site{workers: "max = 2", php: `ini = { memory_limit = "-1" }`, limits: "memory = \"96M\"\ncpu = \"100%\"\npids = 64\npool {\nmemory = \"256M\"\n}"}
	j := startJPM(t, s)
	n := j.front(fronts[0].options)
	mark := j.log.mark()
	n.get("/hog.php").want(t, 502, "")
	j.log.wait(t, mark, line{"level": "error", "msg": "incident", "layer": "cgroup", "limit": "memory", "pool": "site", "uri": "/hog.php"})
	j.log.wait(t, mark, line{"msg": "worker", "to": "down", "reason": "memory", "signal": "killed", "uri": "/hog.php"})
	n.get("/index.php?next").want(t, 200, "hello next")
	j.waitIdle()
	if p, n := j.pool(), len(j.stopped(status.Cgroup)); p.Recycles[pool.ReasonMemory] != 1 || n != 1 {
		t.Errorf("%d recycled for memory, %d incidents, want 1 of both", p.Recycles[pool.ReasonMemory], n)
	}
	shown := 0
	snapshot, err := j.snapshot()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range snapshot.Jails["site"] {
		if l.Layer == "cgroup" && l.Enforced() {
			shown++
		}
	}
	if shown != 5 {
		t.Errorf("status shows %d enforced lines of cgroups, want 5: %+v", shown, snapshot.Jails["site"])
	}
	if len(cgroupsOf(j.cmd.Process.Pid)) == 0 {
		t.Error("jpm has no cgroup") // or is not found, and nor is one that is left
	}
}

// TestMaxRSS: a worker that has grown is replaced after its request, which does not notice.
func TestMaxRSS(t *testing.T) {
	s := scripted()
	s.workers, s.limits = "max = 1", `max_rss = "48M"`
	j := startJPM(t, s)
	if a := j.exchange(deed("hello")); !strings.Contains(a.stdout, "hello") {
		t.Fatalf("got %q", clip(a.stdout))
	}
	mark := j.log.mark()
	if a := j.exchange(deed("hoard")); !strings.Contains(a.stdout, "hello") {
		t.Errorf("got %q, want the answer", clip(a.stdout))
	}
	j.log.wait(t, mark, line{"level": "info", "msg": "worker", "to": "stopping", "reason": "memory", "uri": "/deed?hoard"})
	j.log.wait(t, mark, line{"msg": "worker", "to": "down", "reason": "memory"})
	if a := j.exchange(deed("hello")); !strings.Contains(a.stdout, "hello") {
		t.Errorf("the next request got %q", clip(a.stdout))
	}
	j.waitIdle()
	if p, n := j.pool(), len(j.stopped(status.Cgroup)); p.Recycles[pool.ReasonMemory] != 1 || n != 0 {
		t.Errorf("%d recycled for memory, %d incidents, want 1 and none", p.Recycles[pool.ReasonMemory], n)
	}
}

// TestPidsLimit: a fork bomb is refused, named in the log, and its worker lives. What it made is gone with the worker.
func TestPidsLimit(t *testing.T) {
	s := scripted()
	s.workers, s.limits = "max = 1\nmax_requests = 2", "pids = 40"
	s.jail += "\nseccomp = \"generic\""
	j := startJPM(t, s)
	mark := j.log.mark()
	if a := j.exchange(deed("children")); !strings.Contains(a.stdout, "hello") {
		t.Errorf("got %q, want the answer", clip(a.stdout))
	}
	j.log.wait(t, mark, line{"level": "error", "msg": "incident", "layer": "cgroup", "limit": "pids", "uri": "/deed?children", "client": "192.0.2.7"})
	if a := j.exchange(deed("hello")); !strings.Contains(a.stdout, "hello") {
		t.Errorf("the next request got %q", clip(a.stdout))
	}
	j.log.wait(t, mark, line{"msg": "worker", "to": "down", "reason": "max-requests"})
	j.waitIdle()
	if all := j.stopped(status.Cgroup); len(all) != 1 || all[0].Count == 0 || all[0].Request == nil {
		t.Errorf("incidents %+v, want one with its request", all)
	}
}

// TestPoolLimits: what the limits of all workers together refuse and kill is told too. Where the kernel counts a refused process for the
// worker, it is told with its request.
func TestPoolLimits(t *testing.T) {
	s := scripted()
	s.workers, s.limits = "max = 1", "pool {\npids = 40\nmemory = \"96M\"\n}"
	s.jail += "\nseccomp = \"generic\""
	j := startJPM(t, s)
	mark := j.log.mark()
	if a := j.exchange(deed("children")); !strings.Contains(a.stdout, "hello") {
		t.Errorf("got %q, want the answer", clip(a.stdout))
	}
	j.log.wait(t, mark, line{"level": "error", "msg": "incident", "layer": "cgroup", "limit": "pids", "action": "denied"})
	j.exchange(deed("hog"))
	j.log.wait(t, mark, line{"level": "error", "msg": "incident", "layer": "cgroup", "limit": "memory", "action": "killed"})
	j.waitIdle()
}

// TestMasterLeavesNoCgroup: what a killed master leaves, the next one removes. In a cgroup of version 2 that is not the root nothing
// can be started while the memory controller is handed down: who starts jpm removes the cgroup first, as service managers do.
func TestMasterLeavesNoCgroup(t *testing.T) {
	j := startJPM(t, site{workers: "max = 1", limits: "memory = \"96M\"\npids = 64"})
	pid := j.cmd.Process.Pid
	j.killed = true
	j.signal(syscall.SIGKILL)
	j.wait()
	eventually(t, "the processes are gone", func() bool { return len(processesOf(j.dir)) == 0 })
	if len(cgroupsOf(pid)) == 0 {
		t.Fatal("a killed master left no cgroup: nothing is tested")
	}
	if dir := os.Getenv("JPM_TEST_CGROUP"); dir != "" {
		if err := startIn(t, dir); !errors.Is(err, syscall.EBUSY) {
			t.Errorf("start in the cgroup of a killed master: %v, want %v", err, syscall.EBUSY)
		}
		eventually(t, "the cgroup is removed", func() bool { return exec.Command("find", dir, "-type", "d", "-delete").Run() == nil })
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	j.start()
	if left := cgroupsOf(pid); len(left) > 0 {
		t.Errorf("cgroups left behind: %v", left)
	}
}

// startIn runs a program that was born in a cgroup of version 2.
func startIn(t *testing.T, dir string) error {
	t.Helper()
	f, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd := exec.Command("true")
	cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(f.Fd())}
	return cmd.Run()
}

// TestStrictLimits: where a limit cannot be enforced jpm does not start and says which, where and why, unless best effort will do. The
// host that lacks something is this one without its cgroup file systems.
func TestStrictLimits(t *testing.T) {
	for _, c := range []struct {
		name, limits, want string
		code               int
	}{
		{"strict", "pids = 64", `pool "site": limits.pids (` + "%s/jpm.hcl:", 1},
		{"best effort", "pids = 64\nenforce = \"best_effort\"", "off: ", 0},
		{"no limits", "", "good", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := newJPM(t, site{limits: c.limits})
			args := append([]string{"-m", "sh", "-c", `mount -t tmpfs none /sys/fs/cgroup && exec "$@"`, "sh", filepath.Join(bin, "jpm")}, j.args("check")...)
			cmd := exec.Command("unshare", args...)
			out, _ := cmd.CombinedOutput()
			want := strings.ReplaceAll(c.want, "%s", j.dir)
			if code := cmd.ProcessState.ExitCode(); code != c.code || !strings.Contains(string(out), want) {
				t.Errorf("jpm check ended with %d and said\n%s\nwant %d and %q", code, out, c.code, want)
			}
		})
	}
}
