package jail

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A script is started by its interpreter, which is what must then be running.
func TestScript(t *testing.T) {
	h := needRoot(t)
	dir := site(t, nil)
	if err := os.WriteFile(dir+"/script", []byte("#!"+bin+"/worker\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	s := newSpawner(t, Options{})
	p := workerPool()
	p.Command = []string{dir + "/script"}
	p.Jail.Exec = []string{dir, bin}
	j := compile(t, p, h)
	if _, err := s.Start(startContext(t), j, "x", nil); err == nil || !strings.Contains(err.Error(), "has not been added") {
		t.Errorf("Start before AddPool = %v", err)
	}
	if err := s.AddPool(j); err != nil {
		t.Fatal(err)
	}
	if got := body(t, start(t, s, j), "", "try=nothing"); got != "ok" {
		t.Errorf("answer %q", got)
	}
}

// kill -9 of the master takes the workers, their mounts and their sockets with it, and the next master starts in the same
// directory.
func TestMasterKilled(t *testing.T) {
	h := needRoot(t)
	dir := t.TempDir()
	master := exec.Command("/proc/self/exe")
	master.Env = append(os.Environ(), roleVariable+"=master", "JPM_TEST_DIR="+dir, "JPM_TEST_BIN="+bin)
	master.Stderr = os.Stderr
	out, err := master.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := master.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Process.Kill(); master.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("master: %v", err)
	}
	var pidfds []int
	for _, f := range strings.Fields(line) {
		pid, err := strconv.Atoi(f)
		if err != nil {
			t.Fatalf("master says %q", line)
		}
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		pidfds = append(pidfds, fd)
	}
	if len(pidfds) != 6 {
		t.Fatalf("master says %q, want three workers and their PID 1", line)
	}
	master.Process.Kill()
	master.Wait()
	for i, fd := range pidfds {
		p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		if n, err := unix.Poll(p, 10_000); err != nil || n != 1 {
			t.Errorf("process %s still runs 10 s after its master was killed (%v)", strings.Fields(line)[i], err)
		}
	}
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), dir) {
		t.Errorf("mounts left:\n%s", b)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "jail")); err != nil || len(left) != 0 {
		t.Errorf("left in the directory: %v, %v", left, err)
	}
	s := newSpawner(t, Options{Dir: dir})
	j := compile(t, workerPool(), h)
	if err := s.AddPool(j); err != nil {
		t.Fatal(err)
	}
	start(t, s, j)
}

// Close ends everything, and what comes after is told so.
func TestClose(t *testing.T) {
	h := needRoot(t)
	s := newSpawner(t, Options{})
	j := compile(t, workerPool(), h)
	if err := s.AddPool(j); err != nil {
		t.Fatal(err)
	}
	if err := s.AddPool(j); err == nil {
		t.Error("a second AddPool of the same pool worked")
	}
	w := start(t, s, j)
	s.Close()
	if got := w.Wait(); got.Signal != syscall.SIGKILL {
		t.Errorf("worker ended by %v, want SIGKILL", got)
	}
	if _, err := s.Start(startContext(t), j, "x", nil); !errors.Is(err, ErrClosed) {
		t.Errorf("Start after Close = %v, want ErrClosed", err)
	}
	s.Close()
	if _, err := w.Dial(startContext(t)); err == nil {
		t.Error("Dial after Close worked")
	}
}

// Workers start at the same time, and closing in the middle of it neither hangs nor leaves one.
func TestStartsAtOnce(t *testing.T) {
	h := needRoot(t)
	s := newSpawner(t, Options{})
	j := compile(t, workerPool(), h)
	if err := s.AddPool(j); err != nil {
		t.Fatal(err)
	}
	type result struct {
		w   *Worker
		err error
	}
	const n = 8
	results := make(chan result, 2*n)
	for i := range n {
		go func() {
			w, err := s.Start(startContext(t), j, fmt.Sprint(i), nil)
			results <- result{w, err}
		}()
	}
	for range n {
		r := <-results
		if r.err != nil {
			t.Fatal(r.err)
		}
		if got := body(t, r.w, "", "try=nothing"); got != "ok" {
			t.Errorf("answer %q", got)
		}
		defer r.w.Conn().Close()
		defer r.w.Log().Close()
	}
	for i := range n {
		go func() {
			w, err := s.Start(startContext(t), j, fmt.Sprint(n+i), nil)
			results <- result{w, err}
		}()
	}
	time.Sleep(5 * time.Millisecond)
	s.Close()
	for range n {
		if r := <-results; r.err == nil {
			r.w.Conn().Close()
			r.w.Log().Close()
			if got := r.w.Wait(); got.Signal != syscall.SIGKILL {
				t.Errorf("worker started before Close ended by %v", got)
			}
		}
	}
	if left := children(); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}
