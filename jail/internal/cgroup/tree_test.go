package cgroup

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/opencontainers/cgroups"
	"golang.org/x/sys/unix"
)

// The test binary is also what lives in the cgroups.
const roleVariable = "JPM_CGROUP_ROLE"

var roles = map[string]func(){
	"sleep": func() { fmt.Println("up"); time.Sleep(time.Hour) },
	// A process that has another one.
	"family": func() {
		c := exec.Command("/proc/self/exe")
		c.Env = []string{roleVariable + "=sleep"}
		c.Stdin, c.Stdout = strings.NewReader("go\n"), os.Stdout
		c.Run()
	},
	// Memory that nobody gives.
	"hog": func() {
		fmt.Println("up")
		for {
			b := make([]byte, 1<<20)
			for i := 0; i < len(b); i += 512 {
				b[i] = 1
			}
			hogged = append(hogged, b)
		}
	},
	// Threads that nobody gives: clone answers EAGAIN, which ends a Go program.
	"threads": func() {
		fmt.Println("up")
		for {
			go func() {
				unix.Pause()
			}()
		}
	},
	"spin": func() {
		fmt.Println("up")
		for {
			spun++
		}
	},
}

var (
	hogged [][]byte
	spun   int
)

func TestMain(m *testing.M) {
	if role := roles[os.Getenv(roleVariable)]; role != nil {
		// Until it is where it belongs, in version 1 too.
		if line, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil || line != "go\n" {
			os.Exit(1)
		}
		role()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func needRoot(t *testing.T) *Host {
	t.Helper()
	why := "needs root"
	if os.Geteuid() == 0 {
		h := Probe()
		if h.Off == "" {
			return h
		}
		why = h.Off
	}
	unavailable(t, why)
	return nil
}

func unavailable(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("JPM_TEST_MUST_RUN") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}

func need(t *testing.T, h *Host, cs ...Controller) {
	t.Helper()
	for _, c := range cs {
		if why := h.WhyNot(c); why != "" {
			unavailable(t, why)
		}
	}
}

// open makes a tree that must leave nothing behind.
func open(t *testing.T, h *Host) *Tree {
	t.Helper()
	tree, err := Open(h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tree.Close(); err != nil {
			t.Error(err)
		}
		if left := tree.traces(); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
	return tree
}

func (t *Tree) traces() []string {
	var left []string
	all := t.host.Place.V1
	if u := t.host.Place.Unified; u != nil {
		all = map[string]Hierarchy{"": *u}
		for name, h := range t.host.Place.V1 {
			all[name] = h
		}
	}
	for _, h := range all {
		if _, err := os.Stat(t.dir(&h)); err == nil {
			left = append(left, t.dir(&h))
		}
	}
	return left
}

func worker(t *testing.T, tree *Tree, sum, each Limits) *Group {
	t.Helper()
	p, err := tree.Pool("pool.test", sum, each)
	if err != nil {
		t.Fatal(err)
	}
	g, err := p.Worker("0-0-1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		g.Kill()
		if err := g.Remove(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// start starts the test binary in a role, inside g, and returns when the role says "up".
func start(t *testing.T, g *Group, role string) *exec.Cmd {
	t.Helper()
	c := exec.Command("/proc/" + fmt.Sprint(os.Getpid()) + "/exe")
	c.Env = []string{roleVariable + "=" + role, "GOTRACEBACK=none"}
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if g.FD() >= 0 {
		c.SysProcAttr.UseCgroupFD, c.SysProcAttr.CgroupFD = true, g.FD()
	}
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); c.Process.Kill(); c.Wait() })
	if err := g.Place(c.Process.Pid); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write([]byte("go\n")); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "up\n" {
		t.Fatalf("role %s: %q, %v", role, line, err)
	}
	return c
}

func wait(t *testing.T, c *exec.Cmd) syscall.WaitStatus {
	t.Helper()
	err := c.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("wait: %v", err)
	}
	return exit.Sys().(syscall.WaitStatus)
}

func TestNoLimits(t *testing.T) {
	h := needRoot(t)
	g := worker(t, open(t, h), Limits{}, Limits{})
	c := start(t, g, "sleep")
	if err := g.Verify(c.Process.Pid); err != nil {
		t.Error(err)
	}
	var differs *Mismatch
	if err := g.Verify(os.Getpid()); !errors.As(err, &differs) {
		t.Errorf("Verify of a process outside = %v, want a Mismatch", err)
	}
}

func TestLimitsAreSet(t *testing.T) {
	h := needRoot(t)
	need(t, h, Memory, Pids, CPU)
	sum := Limits{Memory: 256 << 20, Pids: 100, CPU: 200}
	if h.WhyNot(IO) == "" {
		sum.IOWeight = 50
	}
	g := worker(t, open(t, h), sum, Limits{Memory: 64 << 20, Pids: 50, CPU: 50})
	c := start(t, g, "sleep")
	if err := g.Verify(c.Process.Pid); err != nil {
		t.Fatal(err)
	}
	// And what is changed behind our back is seen.
	dir := g.p.t.controllerDir(Pids, g.p.name, g.name)
	if err := cgroups.WriteFile(dir, "pids.max", "51"); err != nil {
		t.Fatal(err)
	}
	var differs *Mismatch
	if err := g.Verify(c.Process.Pid); !errors.As(err, &differs) || differs.Got != "51" {
		t.Errorf("Verify of a changed limit = %v, want a Mismatch", err)
	}
}

// The limit that is met is the worker's, or that of all workers of its pool.
func TestMemoryEndsAll(t *testing.T) {
	h := needRoot(t)
	need(t, h, Memory)
	limit := Limits{Memory: 64 << 20}
	for name, of := range map[string]struct{ sum, worker Limits }{"worker": {worker: limit}, "pool": {sum: limit}} {
		t.Run(name, func(t *testing.T) {
			g := worker(t, open(t, h), of.sum, of.worker)
			c := start(t, g, "hog")
			if ws := wait(t, c); ws.Signal() != syscall.SIGKILL {
				t.Errorf("the hog ended with %v, want SIGKILL", ws)
			}
			if e, err := g.Events(); err != nil || e.OOMKills == 0 {
				t.Errorf("Events() = %+v, %v, want an OOM kill", e, err)
			}
		})
	}
}

func TestPidsAreCounted(t *testing.T) {
	h := needRoot(t)
	need(t, h, Pids)
	limit := Limits{Pids: 20}
	for name, of := range map[string]struct{ sum, worker Limits }{
		"worker": {worker: limit}, "pool": {sum: limit}, "pool of limited workers": {sum: limit, worker: Limits{Pids: 1000}},
	} {
		t.Run(name, func(t *testing.T) {
			g := worker(t, open(t, h), of.sum, of.worker)
			wait(t, start(t, g, "threads"))
			e, err := g.Events()
			if err != nil {
				t.Fatal(err)
			}
			f, err := g.PoolPidsEvents()
			if err != nil {
				t.Fatal(err)
			}
			if of.sum.Pids == 0 && f != nil {
				t.Error("the pool counts what it does not limit")
			}
			ofPool := ""
			if f != nil {
				b, err := io.ReadAll(f)
				if err != nil {
					t.Fatal(err)
				}
				ofPool = string(b)
				f.Close()
			}
			if counted := strings.HasPrefix(ofPool, "max ") && !strings.HasPrefix(ofPool, "max 0\n"); counted == (e.PidsMax > 0) {
				t.Errorf("Events() = %+v and the pool's %q, want a refused thread in one of them", e, ofPool)
			}
		})
	}
}

func TestCPUIsThrottled(t *testing.T) {
	h := needRoot(t)
	need(t, h, CPU)
	g := worker(t, open(t, h), Limits{}, Limits{CPU: 5})
	start(t, g, "spin")
	stat := filepath.Join(g.p.t.controllerDir(CPU, g.p.name, g.name), "cpu.stat")
	for {
		b, err := os.ReadFile(stat)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(b), "nr_throttled 0\n") {
			return // the test's own time limit ends a kernel that never throttles
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestKillWholeTree(t *testing.T) {
	h := needRoot(t)
	ways := []string{h.Kill}
	if _, ok := h.Place.V1["freezer"]; ok && h.Kill != "freezer" {
		ways = append(ways, "freezer")
	}
	for _, way := range ways {
		t.Run(way, func(t *testing.T) {
			h := *h
			h.Kill = way
			g := worker(t, open(t, &h), Limits{}, Limits{})
			c := start(t, g, "family")
			if err := g.Kill(); err != nil {
				t.Fatal(err)
			}
			if ws := wait(t, c); ws.Signal() != syscall.SIGKILL {
				t.Errorf("the parent ended with %v, want SIGKILL", ws)
			}
			if err := g.Remove(); err != nil { // fails as long as somebody is in it
				t.Error(err)
			}
			if err := g.Kill(); err != nil {
				t.Errorf("Kill after Remove = %v, want nil", err)
			}
		})
	}
}

func TestLeftoversAreRemoved(t *testing.T) {
	h := needRoot(t)
	dir := ""
	if u := h.Place.Unified; u != nil {
		dir = u.Dir
	} else {
		dir = h.Place.V1["freezer"].Dir
	}
	// A process that is gone, and one that lives but started at another time.
	dead := filepath.Join(dir, fmt.Sprintf("jpm-%d-1-1", os.Getpid()))
	if err := os.MkdirAll(filepath.Join(dead, "pool.x", "worker.0-0-1"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cgroups.RemovePath(dead) })
	first := open(t, h)
	if _, err := os.Stat(dead); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", dead, err)
	}
	open(t, h)
	if u := h.Place.Unified; u != nil {
		if _, err := os.Stat(first.dir(u)); err != nil {
			t.Errorf("the cgroup of a living master: %v", err)
		}
	}
}
