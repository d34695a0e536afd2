//go:build integration

package test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// mountCount is how many mounts this namespace has.
func mountCount() int {
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		panic(err)
	}
	return strings.Count(string(b), "\n")
}

// process is one line of what the tests want of ps.
type process struct {
	pid, parent int
	args        string
}

func (p process) String() string { return fmt.Sprintf("%d (parent %d) %s", p.pid, p.parent, p.args) }

// processes lists every process that has a command line.
func processes() []process {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		panic(err)
	}
	var ps []process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		stat, err1 := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		args, err2 := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		i := strings.LastIndexByte(string(stat), ')')
		if err1 != nil || err2 != nil || i < 0 || len(args) == 0 {
			continue
		}
		fields := strings.Fields(string(stat[i+1:]))
		parent, _ := strconv.Atoi(fields[1])
		ps = append(ps, process{pid, parent, strings.TrimSpace(strings.ReplaceAll(string(args), "\x00", " "))})
	}
	return ps
}

// processesOf lists the processes that have dir in their command line, their executable or their working directory.
func processesOf(dir string) []process {
	var found []process
	for _, p := range processes() {
		if p.pid == os.Getpid() {
			continue
		}
		exe, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", p.pid))
		cwd, _ := os.Readlink(fmt.Sprintf("/proc/%d/cwd", p.pid))
		if strings.Contains(p.args, dir) || strings.HasPrefix(exe, dir) || strings.HasPrefix(cwd, dir) {
			found = append(found, p)
		}
	}
	return found
}

// descendants lists the processes below pid.
func descendants(pid int) []process {
	children := map[int][]process{}
	for _, p := range processes() {
		children[p.parent] = append(children[p.parent], p)
	}
	var found []process
	for todo := []int{pid}; len(todo) > 0; todo = todo[1:] {
		for _, p := range children[todo[0]] {
			found = append(found, p)
			todo = append(todo, p.pid)
		}
	}
	return found
}

// alive reports whether pid is a process that has not ended.
func alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	i := strings.LastIndexByte(string(b), ')')
	return err == nil && i >= 0 && !strings.HasPrefix(string(b[i+1:]), " Z")
}

// sleeps reports whether pid is in nanosleep(2) or clock_nanosleep(2), by their numbers on amd64 and arm64.
func sleeps(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", pid))
	number, _, _ := strings.Cut(string(b), " ")
	return err == nil && slices.Contains([]string{"35", "230", "101", "115"}, number)
}

// descriptors lists what pid has open, by what the descriptors point at.
func descriptors(t *testing.T, pid int) []string {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var open []string
	for _, e := range entries {
		if target, err := os.Readlink(filepath.Join(dir, e.Name())); err == nil {
			open = append(open, target)
		}
	}
	return open
}

// memory is the resident size of pid, in bytes.
func memory(t *testing.T, pid int) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(b))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// kill sends SIGKILL. That the process is gone already is fine.
func kill(t *testing.T, pid int) {
	t.Helper()
	if pid <= 1 {
		t.Fatalf("kill %d", pid)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		t.Fatal(err)
	}
}

// slow: the processor is emulated, and takes many times as long (JPM_TEST_SLOW=1).
var slow = os.Getenv("JPM_TEST_SLOW") == "1"

// patience is how long the tests wait for what must happen soon.
var patience = time.Minute

func init() {
	if slow {
		patience *= 10
	}
}

// eventually waits until ok holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
