package jail

import (
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"jpm/config"
	"jpm/jail/internal/cgroup"
)

// v2Host can do everything but io.
func v2Host() *Host {
	h := testHost()
	h.Cgroup = &cgroup.Host{Place: cgroup.Place{Unified: &cgroup.Hierarchy{Path: "/system.slice/jpm.service", Dir: "/sys/fs/cgroup/system.slice/jpm.service"}},
		Kill: "cgroup.kill", SwapFile: true, Missing: [cgroup.NumControllers]string{cgroup.IO: "the kernel offers no io controller here"}}
	return h
}

func limited(l config.Limits) config.Pool {
	p := shop()
	l.Files, l.FileSize, l.Tmp = p.Limits.Files, p.Limits.FileSize, p.Limits.Tmp
	p.Limits = l
	return p
}

// What the host cannot enforce is refused with field and line, unless best effort is asked for, and then it is shown.
func TestLimitsTheHostCannotEnforce(t *testing.T) {
	noMemory := v2Host()
	noMemory.Cgroup.Missing[cgroup.Memory] = "not offered"
	busy := v2Host()
	busy.Cgroup.Busy = "others are in it"
	none := v2Host()
	none.Cgroup = &cgroup.Host{Off: "none mounted"}
	all := config.Limits{Memory: 256 << 20, Pids: 32, CPU: 50, Pool: config.PoolLimits{Memory: 1 << 30}, Enforce: "strict",
		Places: map[string]string{"memory": "jpm.hcl:12", "pids": "jpm.hcl:13"}}
	for _, c := range []struct {
		name    string
		host    *Host
		limits  config.Limits
		err     string
		explain []string
		worker  cgroup.Limits
		sum     cgroup.Limits
	}{
		{name: "all of them", host: v2Host(), limits: all, worker: cgroup.Limits{Memory: 256 << 20, Pids: 32, CPU: 50}, sum: cgroup.Limits{Memory: 1 << 30},
			explain: []string{
				"cgroup | one per worker, in one per pool (v2, killed as a whole by cgroup.kill) | enforced",
				"cgroup | memory 256MiB per worker, no swap; over it everything in the jail is killed | enforced",
				"cgroup | 32 processes and threads per worker | enforced",
				"cgroup | cpu 50 % of one core per worker | enforced",
				"cgroup | memory 1GiB for the pool, no swap; over it one worker is killed | enforced"}},
		{name: "no controller", host: noMemory, limits: all,
			err: `limits.memory (jpm.hcl:12): this host cannot enforce it: not offered; limits.enforce = "best_effort" starts without it`},
		{name: "only the pool's", host: v2Host(), limits: config.Limits{Pool: config.PoolLimits{Memory: 1 << 30, Pids: 99, CPU: 10}},
			worker: cgroup.Limits{Memory: 1 << 30, Pids: 99}, sum: cgroup.Limits{Memory: 1 << 30, Pids: 99, CPU: 10},
			explain: []string{
				"cgroup | one per worker, in one per pool (v2, killed as a whole by cgroup.kill) | enforced",
				"cgroup | memory 1GiB for the pool, no swap; over it one worker is killed | enforced",
				"cgroup | 99 processes and threads for the pool | enforced",
				"cgroup | cpu 10 % of one core for the pool | enforced"}},
		{name: "not delegated", host: busy, limits: all, err: "limits.memory (jpm.hcl:12): this host cannot enforce it: others are in it; "},
		{name: "no cgroups", host: none, limits: config.Limits{Pids: 32, Places: all.Places}, err: "limits.pids (jpm.hcl:13): this host cannot enforce it: none mounted; "},
		{name: "a weight", host: v2Host(), limits: config.Limits{IOWeight: 50}, err: "limits.io_weight: this host cannot enforce it: the kernel offers no io"},
		{name: "best effort", host: noMemory, limits: config.Limits{Memory: 256 << 20, Pids: 32, Pool: all.Pool, Enforce: "best_effort"}, worker: cgroup.Limits{Pids: 32},
			explain: []string{
				"cgroup | one per worker, in one per pool (v2, killed as a whole by cgroup.kill) | enforced",
				"cgroup | memory 256MiB per worker, no swap; over it everything in the jail is killed | off: not offered",
				"cgroup | 32 processes and threads per worker | enforced",
				"cgroup | memory 1GiB for the pool, no swap; over it one worker is killed | off: not offered"}},
		{name: "nothing asked for, nothing there", host: none, limits: config.Limits{}, explain: []string{"cgroup | one per worker, in one per pool | off: none mounted"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			j, err := Compile(limited(c.limits), c.host)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("Compile() = %v, want %q", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if j.limits.worker != c.worker || j.limits.sum != c.sum {
				t.Errorf("limits %+v and %+v, want %+v and %+v", j.limits.worker, j.limits.sum, c.worker, c.sum)
			}
			var got []string
			for _, line := range strings.Split(explainText(j.Explain()), "\n") {
				if strings.HasPrefix(line, "cgroup |") {
					got = append(got, line)
				}
			}
			if strings.Join(got, "\n") != strings.Join(c.explain, "\n") {
				t.Errorf("Explain():\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.explain, "\n"))
			}
		})
	}
	if h, why := busy.ForService(); whyNot(h.Cgroup, cgroup.Memory) != "" || why != "others are in it" || busy.Cgroup.Busy == "" {
		t.Error("ForService does not make a delegated host of a busy one, or changes it")
	}
	if h, why := none.ForService(); h != none || why != "" {
		t.Error("ForService changes a host that is the same for a service")
	}
}

// limitedWorker compiles testdata/worker with limits that this host can enforce.
func limitedWorker(t *testing.T, h *Host, profile string, l config.Limits) *Jail {
	t.Helper()
	for name, c := range map[string]cgroup.Controller{"memory": cgroup.Memory, "pids": cgroup.Pids, "cpu": cgroup.CPU} {
		if why := whyNot(h.Cgroup, c); why != "" {
			unavailable(t, "needs limits of "+name+": "+why)
		}
	}
	p := workerPool()
	p.Jail.Seccomp = profile
	l.Files, l.FileSize, l.Tmp, l.Enforce = 1024, 1<<30, 64<<20, "strict"
	p.Limits = l
	return compile(t, p, h)
}

// A memory bomb ends its own jail, nothing else, and the pool goes on.
func TestMemoryLimit(t *testing.T) {
	h := needRoot(t)
	s := newSpawner(t, Options{})
	j := limitedWorker(t, h, "php", config.Limits{Memory: 64 << 20, Pool: config.PoolLimits{Memory: 256 << 20}})
	if err := s.AddPool(j); err != nil {
		t.Fatal(err)
	}
	neighbour := start(t, s, j)
	w := start(t, s, j)
	if out, _, err := get(w.Conn(), "", "try=hog", true); !gone(err) {
		t.Errorf("the hog answered %q, %v; want to be killed", out, err)
	}
	if exit := w.Wait(); exit.Signal != syscall.SIGKILL || !exit.OOM {
		t.Errorf("Wait() = %+v, want SIGKILL for want of memory", exit)
	}
	for _, w := range []*Worker{neighbour, start(t, s, j)} {
		if got := body(t, w, "", "try=nothing"); got != "ok" {
			t.Errorf("another worker answers %q, want ok", got)
		}
	}
	neighbour.Kill()
	if exit := neighbour.Wait(); exit.OOM {
		t.Errorf("Wait() of a killed worker = %+v, want no OOM", exit)
	}
}

// The sum of the pool's workers is bounded too: who takes most goes, and is known.
func TestPoolMemoryLimit(t *testing.T) {
	h := needRoot(t)
	s := newSpawner(t, Options{})
	j := limitedWorker(t, h, "php", config.Limits{Pool: config.PoolLimits{Memory: 96 << 20}})
	if err := s.AddPool(j); err != nil {
		t.Fatal(err)
	}
	neighbour, w := start(t, s, j), start(t, s, j)
	if out, _, err := get(w.Conn(), "", "try=hog", true); !gone(err) {
		t.Errorf("the hog answered %q, %v; want to be killed", out, err)
	}
	if exit := w.Wait(); !exit.OOM {
		t.Errorf("Wait() = %+v, want OOM", exit)
	}
	if got := body(t, neighbour, "", "try=nothing"); got != "ok" {
		t.Errorf("the neighbour answers %q, want ok", got)
	}
}

// The worker itself goes, too, when one of its children takes all the memory.
func TestMemoryLimitEndsTheWholeWorker(t *testing.T) {
	h := needRoot(t)
	s := newSpawner(t, Options{})
	j := limitedWorker(t, h, "generic", config.Limits{Memory: 64 << 20})
	if err := s.AddPool(j); err != nil {
		t.Fatal(err)
	}
	w := start(t, s, j)
	if out, _, err := get(w.Conn(), "", "try=child-hog", true); !gone(err) {
		t.Errorf("answered %q, %v; want to be killed", out, err)
	}
	if exit := w.Wait(); !exit.OOM {
		t.Errorf("Wait() = %+v, want OOM", exit)
	}
}

// A fork bomb meets its limit, and the worker lives.
func TestPidsLimit(t *testing.T) {
	h := needRoot(t)
	s := newSpawner(t, Options{})
	j := limitedWorker(t, h, "generic", config.Limits{Pids: 40})
	if err := s.AddPool(j); err != nil {
		t.Fatal(err)
	}
	w := start(t, s, j)
	if got := body(t, w, "", "try=children"); got != "EAGAIN" {
		t.Errorf("the fork bomb answered %q, want EAGAIN", got)
	}
	if got := body(t, w, "", "try=nothing"); got != "ok" {
		t.Errorf("after it the worker answers %q, want ok", got)
	}
	w.Kill()
	if exit := w.Wait(); exit.PidsRefused == 0 || exit.OOM {
		t.Errorf("Wait() = %+v, want a refused process", exit)
	}
}

// What does not hold is noticed before the worker serves: here, that it is in no cgroup of its own.
func TestVerifyNoticesTheCgroup(t *testing.T) {
	h := needRoot(t)
	s := newSpawner(t, Options{})
	j := limitedWorker(t, h, "php", config.Limits{Pids: 40})
	if err := s.AddPool(j); err != nil {
		t.Fatal(err)
	}
	w := start(t, s, j)
	var differs *VerifyError
	if err := (&sight{group: w.group, pid: os.Getppid()}).cgroup(); !errors.As(err, &differs) {
		t.Errorf("cgroup() of a process outside = %v, want a VerifyError", err)
	}
	if err := (&sight{group: w.group, pid: w.pid}).cgroup(); err != nil {
		t.Errorf("cgroup() of the worker = %v", err)
	}
}

func gone(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, unix.ECONNRESET) }

func TestExitString(t *testing.T) {
	for want, exit := range map[string]Exit{
		"exit code 0":                      {},
		"signal SIGKILL, out of memory":    {Signal: syscall.SIGKILL, OOM: true},
		"exit code 2, 7 processes refused": {Code: 2, PidsRefused: 7},
	} {
		if got := exit.String(); got != want {
			t.Errorf("String() = %q, want %q", got, want)
		}
	}
}
