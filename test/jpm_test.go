//go:build integration

package test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"jpm/pool"
	"jpm/status"
	"jpm/test/port"
)

// jpm is one running `jpm run`. It is stopped, and checked for what it left, when the test ends.
type jpm struct {
	t       *testing.T
	dir     string // holds the configuration, the sockets, the site and jpm's own run-time files
	address string // of the status endpoint
	cmd     *exec.Cmd
	log     *logBuffer
	ended   chan struct{} // closed when the process is reaped
	proxy   int           // its pid when it began to serve
	open    map[int]int   // how many descriptors a process had then
	mounts  int
	killed  bool     // by the test, so that there is nothing to stop
	via     []string // a command that executes its arguments, as somebody else or somewhere else
}

// startJPM starts jpm with a configuration of these sites and waits until all their workers are idle.
func startJPM(t *testing.T, sites ...site) *jpm {
	t.Helper()
	j := newJPM(t, sites...)
	j.start()
	return j
}

// write puts a file into the directory.
func (j *jpm) write(name, text string) string {
	j.t.Helper()
	path := filepath.Join(j.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		j.t.Fatal(err)
	}
	return path
}

// args is jpm's command line for a command that takes the configuration.
func (j *jpm) args(command string, more ...string) []string {
	return append([]string{command, "-c", filepath.Join(j.dir, "jpm.hcl")}, more...)
}

// start starts jpm and waits until it serves.
func (j *jpm) start() {
	j.t.Helper()
	mark := j.log.mark()
	j.startQuietly()
	ready := j.log.wait(j.t, mark, line{"msg": "ready"})
	j.proxy = int(ready["proxy_pid"].(float64))
	j.open = map[int]int{}
	for _, pid := range []int{j.cmd.Process.Pid, j.proxy} {
		j.open[pid] = len(descriptors(j.t, pid))
	}
}

// startQuietly starts a jpm that logs elsewhere.
func (j *jpm) startQuietly() {
	j.t.Helper()
	j.mounts = mountCount()
	args := append(slices.Clone(j.via), filepath.Join(bin, "jpm"))
	args = append(args, j.args("run", "--run-dir", filepath.Join(j.dir, "run"))...)
	j.cmd = exec.Command(args[0], args[1:]...)
	j.cmd.Stdout, j.cmd.Stderr = j.log, j.log
	j.cmd.Env = append(os.Environ(), "LAB_SECRET=only jpm knows")
	j.cmd.WaitDelay = patience // a descendant that outlives it would hold the pipe
	// As a service jpm has a cgroup of its own. It would have nothing to hand down where the test is, too.
	if dir := os.Getenv("JPM_TEST_CGROUP"); dir != "" {
		f, err := os.Open(dir)
		if err != nil {
			j.t.Fatal(err)
		}
		defer f.Close()
		j.cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(f.Fd())}
	}
	if err := j.cmd.Start(); err != nil {
		j.t.Fatal(err)
	}
	j.ended, j.killed = make(chan struct{}), false
	go func(cmd *exec.Cmd, ended chan struct{}) {
		cmd.Wait()
		close(ended)
	}(j.cmd, j.ended)
	j.t.Cleanup(j.stop)
	j.waitIdle()
}

// waitIdle waits until every worker of every pool is idle.
func (j *jpm) waitIdle() {
	j.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		s, err := j.snapshot()
		idle := err == nil && !slices.ContainsFunc(s.Pools, func(p pool.Snapshot) bool { return p.Processes.Idle != p.Processes.Max })
		if idle {
			return
		}
		if j.hasEnded() || time.Now().After(deadline) {
			j.t.Fatalf("jpm did not become idle: %v\n%s", err, j.log)
		}
	}
}

func (j *jpm) hasEnded() bool {
	select {
	case <-j.ended:
		return true
	default:
		return false
	}
}

// snapshot asks the status endpoint.
func (j *jpm) snapshot() (status.Snapshot, error) {
	var s status.Snapshot
	client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + j.address + "/status.json")
	if err != nil {
		return s, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return s, errors.Join(err, fmt.Errorf("status.json: %s", resp.Status))
	}
	return s, json.Unmarshal(b, &s)
}

// pool is the snapshot of the first pool.
func (j *jpm) pool() pool.Snapshot {
	j.t.Helper()
	s, err := j.snapshot()
	if err != nil {
		j.t.Fatal(err)
	}
	return s.Pools[0]
}

// busy waits until n workers of the first pool are busy, and returns them.
func (j *jpm) busy(n int) []pool.Worker {
	j.t.Helper()
	var busy []pool.Worker
	eventually(j.t, fmt.Sprintf("%d workers are busy", n), func() bool {
		busy = slices.DeleteFunc(j.pool().Workers, func(w pool.Worker) bool { return w.State != pool.Busy })
		return len(busy) == n
	})
	return busy
}

func (j *jpm) signal(s syscall.Signal) {
	j.t.Helper()
	if err := j.cmd.Process.Signal(s); err != nil {
		j.t.Fatal(err)
	}
}

// wait waits for jpm's end and returns its exit code, -1 for a signal.
func (j *jpm) wait() int {
	j.t.Helper()
	select {
	case <-j.ended:
	case <-time.After(patience):
		j.t.Fatalf("jpm does not end\n%s", j.log)
	}
	return j.cmd.ProcessState.ExitCode()
}

// stop ends jpm and fails the test if it leaves anything. It is fine to stop twice.
func (j *jpm) stop() {
	if j.ended == nil {
		return
	}
	defer func() { j.ended = nil }()
	if !j.hasEnded() {
		j.checkDescriptors()
		family := descendants(j.cmd.Process.Pid)
		j.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-j.ended:
		case <-time.After(patience):
			j.cmd.Process.Kill()
			<-j.ended
			j.t.Errorf("jpm did not end on SIGTERM\n%s", j.log)
		}
		for _, p := range family {
			if alive(p.pid) {
				j.t.Errorf("process left: %v", p)
				syscall.Kill(p.pid, syscall.SIGKILL)
			}
		}
	}
	if code := j.cmd.ProcessState.ExitCode(); code != 0 && !j.killed {
		j.t.Errorf("jpm ended with %d, want 0\n%s", code, j.log)
	}
	j.checkLeft()
	if j.t.Failed() {
		j.t.Logf("jpm's log:\n%s", j.log)
	}
}

// checkLeft fails the test for what an ended jpm has left in the file system.
func (j *jpm) checkLeft() {
	if !j.killed { // a killed master cannot remove files; the next start does
		run := filepath.Join(j.dir, "run")
		filepath.WalkDir(j.dir, func(path string, d os.DirEntry, err error) error {
			if err == nil && (d.Type()&os.ModeSocket != 0 || strings.HasPrefix(path, run) && !d.IsDir()) {
				j.t.Errorf("left: %s", path)
			}
			return nil
		})
	}
	if left := cgroupsOf(j.cmd.Process.Pid); len(left) > 0 && !j.killed {
		j.t.Errorf("cgroups left: %v", left)
	}
	if n := mountCount(); n != j.mounts {
		j.t.Errorf("%d mounts, %d before jpm started", n, j.mounts)
	}
}

// checkDescriptors fails the test if master or proxy has more open than when it began to serve, once its workers are idle.
func (j *jpm) checkDescriptors() {
	j.t.Helper()
	if j.t.Failed() {
		return
	}
	for pid, before := range j.open {
		if !alive(pid) {
			continue
		}
		var now []string
		for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
			if now = descriptors(j.t, pid); len(now) <= before {
				break
			}
			if time.Now().After(deadline) {
				j.t.Errorf("process %d has %d descriptors open, %d at the start: %v", pid, len(now), before, now)
				break
			}
		}
	}
}

// freePort is a TCP port of the loopback that is the test's own until its end.
func freePort(t *testing.T) int {
	t.Helper()
	n, release, err := port.Hold()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return n
}
