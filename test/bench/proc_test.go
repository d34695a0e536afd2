package main

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	const line = "4711 (a) b (c) S 42 4711 4711 0 -1 4194560 900 12 0 0 5 6 70 8 20 0 1 0 123456 5124096 980 18446744073709551615 1 1\n"
	got, err := parseStat(line)
	want := process{pid: 4711, name: "a) b (c", parent: 42, born: 123456}
	if err != nil || got != want {
		t.Errorf("parseStat(%q) = %+v, %v, want %+v", line, got, err, want)
	}
	for _, bad := range []string{"", "1 sh S 2", "1 (sh) S 2 3", strings.Replace(line, "42", "x", 1), strings.Replace(line, "123456", "-", 1)} {
		if got, err := parseStat(bad); err == nil {
			t.Errorf("parseStat(%q) = %+v, want an error", bad, got)
		}
	}
}

func TestTreeAndTimes(t *testing.T) {
	// The shell starts a loop that burns CPU, and waits for it.
	s := testService(t, "sh", "-c", "sh -c 'while :; do :; done' & wait")
	root := s.cmd.Process.Pid
	var processes []process
	var err error
	for deadline := time.Now().Add(10 * time.Second); len(processes) < 2; time.Sleep(10 * time.Millisecond) {
		if processes, err = tree(root); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatalf("tree(%d) = %+v, want the shell and its child", root, processes)
		}
	}
	if processes[0].pid != root || processes[1].parent != root {
		t.Errorf("tree(%d) = %+v, want the shell first, then its child", root, processes)
	}
	loop := processes[1]
	first, err := loop.cpuTime()
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		now, err := loop.cpuTime()
		if err != nil {
			t.Fatal(err)
		}
		if now > first {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("cpuTime of a busy loop stays %v", now)
		}
	}
	if kib, err := loop.pss(); err != nil || kib <= 0 {
		t.Errorf("pss = %v, %v, want more than 0", kib, err)
	}
	if !loop.alive() {
		t.Error("the loop is not alive")
	}
	later := loop
	later.born++
	if later.alive() {
		t.Error("another process with the same number counts as alive")
	}
}

func TestTreeOfNoProcess(t *testing.T) {
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if got, err := tree(cmd.Process.Pid); err == nil {
		t.Errorf("tree of an ended process = %+v, want an error", got)
	}
}

func TestMachineBusyGrows(t *testing.T) {
	before, err := machineBusy()
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		now, err := machineBusy()
		if err != nil {
			t.Fatal(err)
		}
		if now > before {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("machineBusy() stays %v while this loop runs", now)
		}
	}
}

func TestStop(t *testing.T) {
	s := testService(t, "sleep", "1000")
	if err := s.stop(); err != nil {
		t.Errorf("stop of a program that ends = %v", err)
	}
	if s.ended() == nil {
		t.Error("a stopped program has not ended")
	}
}

func TestStopKillsWhatIsLeft(t *testing.T) {
	// On SIGTERM the shell ends and its child does not.
	s := testService(t, "sh", "-c", `sleep 1000 & echo $! >child; wait`)
	var child int
	for deadline := time.Now().Add(10 * time.Second); child == 0; time.Sleep(10 * time.Millisecond) {
		if pid, err := os.ReadFile("child"); err == nil {
			child, _ = strconv.Atoi(strings.TrimSpace(string(pid)))
		}
		if time.Now().After(deadline) {
			t.Fatal("no child")
		}
	}
	err := s.stop()
	if err == nil || !strings.Contains(err.Error(), "left") || !strings.Contains(err.Error(), strconv.Itoa(child)) {
		t.Errorf("stop = %v, want that it left process %d behind", err, child)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		p, err := readProcess("/proc/" + strconv.Itoa(child) + "/stat")
		if gone(err) || err == nil && !p.alive() {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %d still runs", child)
		}
	}
}

func TestStopTellsOfAnEarlyEnd(t *testing.T) {
	s := testService(t, "sh", "-c", "echo cannot bind; exit 3")
	<-s.done
	if err := s.stop(); err == nil || !strings.Contains(err.Error(), "cannot bind") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("stop = %v, want the exit status and the log", err)
	}
}

// testService starts argv in a temporary directory, and kills it and its children when the test ends.
func testService(t *testing.T, argv ...string) *service {
	t.Helper()
	t.Chdir(t.TempDir())
	s, err := startService(".", "test", argv...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.ended() != nil {
			return
		}
		processes, err := tree(s.cmd.Process.Pid)
		if err != nil {
			t.Error(err)
		}
		_ = s.cmd.Process.Kill()
		<-s.done
		for _, p := range survivors(processes) {
			if proc, err := os.FindProcess(p.pid); err == nil {
				_ = proc.Kill()
			}
		}
	})
	return s
}
