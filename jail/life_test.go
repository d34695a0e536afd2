package jail

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"jpm/config"
)

// state is what a failed start must leave as it was.
type state struct {
	mounts, fds int
	children    []string
	sockets     int
}

func look(t *testing.T, s *Spawner) state {
	t.Helper()
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	socks, err := os.ReadDir("/proc/self/fd/" + strconv.Itoa(s.sock))
	if err != nil {
		t.Fatal(err)
	}
	return state{strings.Count(string(b), "\n"), len(fds), children(), len(socks)}
}

func (a state) equal(b state) bool {
	return a.mounts == b.mounts && a.fds == b.fds && slices.Equal(a.children, b.children) && a.sockets == b.sockets
}

// A start that fails says at which step and why, and leaves no process, mount, descriptor or socket.
func TestFailedStarts(t *testing.T) {
	h := needRoot(t)
	dir := site(t, map[string]string{"plain": "no program", "sub/x": ""})
	if err := os.Symlink("/etc", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	owned := site(t, nil)
	if err := os.Symlink("/etc", filepath.Join(owned, "data")); err != nil {
		t.Fatal(err)
	}
	os.Chown(owned, siteUID, siteUID)
	s := newSpawner(t, Options{Dir: site(t, nil)})
	for i, c := range []struct {
		name   string
		change func(p *config.Pool)
		step   string
		errno  syscall.Errno
		text   string
	}{
		{"working directory missing", func(p *config.Pool) { p.Jail.Read = []string{dir}; p.Scripts.Root = dir + "/none" }, "working-directory", syscall.ENOENT, ""},
		{"not executable", func(p *config.Pool) { p.Jail.Exec = append(p.Jail.Exec, dir); p.Command = []string{dir + "/plain"} }, "exec", syscall.EACCES, ""},
		{"mount point behind a symlink of the site", func(p *config.Pool) { p.Jail.Read = []string{dir, dir + "/link/ssl"} }, "fill-root", syscall.ELOOP, ""},
		{"source missing", func(p *config.Pool) { p.Jail.Read = []string{dir + "/none"} }, "", syscall.ENOENT, "jail.read " + dir + "/none"},
		{"write path is a file", func(p *config.Pool) { p.Jail.Write = []string{dir + "/plain"} }, "", 0, "is no directory"},
		{"source behind a symlink of the site", func(p *config.Pool) { p.Jail.Read = []string{owned + "/data"} }, "", 0, "is a symlink that others than root can change"},
		{"program missing", func(p *config.Pool) { p.Command = []string{bin + "/none"} }, "", syscall.ENOENT, "command"},
		{"program behind a link to where nothing may run", func(p *config.Pool) { p.Jail.Read = []string{dir}; p.Command = []string{bin + "/elsewhere"} }, "", 0, "jail.exec"},
		{"jpm's own directory", func(p *config.Pool) { p.Jail.Read = []string{filepath.Dir(s.base)} }, "", 0, "jpm's own run directory"},
		{"ends at once", func(p *config.Pool) { p.Command = []string{"/bin/false"} }, "", 0, "exit code 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			os.Remove(bin + "/elsewhere")
			if err := os.Symlink(dir+"/plain", bin+"/elsewhere"); err != nil {
				t.Fatal(err)
			}
			p := workerPool()
			p.Name = fmt.Sprint("failing", i)
			c.change(&p)
			j := compile(t, p, h)
			if err := s.AddPool(j); err != nil {
				t.Fatal(err)
			}
			before := look(t, s)
			_, err := s.Start(startContext(t), j, "x", nil)
			if err == nil {
				t.Fatal("started")
			}
			t.Log(err)
			var step *StepError
			if errors.As(err, &step) != (c.step != "") || c.step != "" && step.Step != c.step {
				t.Errorf("error %v, want one of step %q", err, c.step)
			}
			if c.errno != 0 && !errors.Is(err, c.errno) {
				t.Errorf("error %v, want it to be %v", err, c.errno)
			}
			if !strings.Contains(err.Error(), c.text) {
				t.Errorf("error %v, want %q in it", err, c.text)
			}
			if after := look(t, s); !after.equal(before) {
				t.Errorf("left behind: before %+v, after %+v", before, after)
			}
		})
	}
}

// A program that never accepts is given up when the context ends.
func TestStartTimeout(t *testing.T) {
	h := needRoot(t)
	s := newSpawner(t, Options{})
	j := compile(t, pool("sleepy", "/usr/bin/sleep", "100"), h)
	if err := s.AddPool(j); err != nil {
		t.Fatal(err)
	}
	before := look(t, s)
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	if _, err := s.Start(ctx, j, "x", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Start = %v, want deadline exceeded", err)
	}
	if after := look(t, s); !after.equal(before) {
		t.Errorf("left behind: before %+v, after %+v", before, after)
	}
}

// The jail without what a kernel may refuse keeps its other promises.
func TestOldKernels(t *testing.T) {
	h := needRoot(t)
	off := Feature{Why: "a test"}
	read := site(t, map[string]string{"file": "mine", "index.php": "<?php echo 6*7;"})
	for name, change := range map[string]func(*Host){
		"no user namespace": func(h *Host) { h.UserNS = off },
		"no proc":           func(h *Host) { h.Proc = off },
		"no landlock":       func(h *Host) { h.Landlock, h.LandlockABI = off, 0 },
		"first landlock":    func(h *Host) { h.LandlockABI = min(h.LandlockABI, 1) },
		"neither": func(h *Host) {
			h.UserNS, h.Proc, h.NoSymFollow, h.MDWE = off, off, off, off
		},
	} {
		t.Run(name, func(t *testing.T) {
			no := *h
			change(&no)
			p := workerPool()
			p.Jail.Read = []string{read}
			p.Env = map[string]string{"JPM_READ": read}
			s := newSpawner(t, Options{})
			j := compile(t, p, &no)
			if err := s.AddPool(j); err != nil {
				t.Fatal(err)
			}
			w := start(t, s, j)
			want := map[string]string{"nothing": "ok", "threads": "ok", "read-own": "ok", "write-tmp": "ok", "read-shadow": "ENOENT",
				"write-read": "EROFS", "write-root": "EROFS", "proc-1": "ENOENT", "self-mem": "EROFS", "fork": "EPERM", "setuid-0": "EPERM",
				"kill-init": "EPERM", "connect-ip": "EAFNOSUPPORT"}
			if !no.Proc.On {
				want["self-mem"] = "ENOENT"
			}
			for probe, want := range want {
				if got := body(t, w, "", "try="+probe); got != want {
					t.Errorf("%s: %s, want %s", probe, got, want)
				}
			}
			needPHP(t)
			php := phpPool(read)
			j = compile(t, php, &no)
			if err := s.AddPool(j); err != nil {
				t.Fatal(err)
			}
			if got := body(t, start(t, s, j), read+"/index.php", ""); got != "42" {
				t.Errorf("php answers %q, want 42", got)
			}
		})
	}
}

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

// With the filter left out the other layers hold by themselves, and what the filter hides from the other tests can be asked.
func TestWithoutSeccomp(t *testing.T) {
	h := needRoot(t)
	write := site(t, nil)
	os.Chown(write, siteUID, siteUID)
	p := workerPool()
	p.Jail.Write = []string{write}
	p.Env = map[string]string{"JPM_WRITE": write, "JPM_TCP": "127.0.0.1:1", "JPM_ABSTRACT": "nobody"}
	s := newSpawner(t, Options{skipStep: "seccomp", skipVerify: true})
	j := compile(t, p, h)
	if err := s.AddPool(j); err != nil {
		t.Fatal(err)
	}
	w := start(t, s, j)
	mknod := "EPERM"
	if h.Landlock.On {
		mknod = "EACCES" // asked before the capability is
	}
	for probe, want := range map[string]string{
		"securebits-locked": "ok", "mdwe-set": "ok", "own-keyring": "ok",
		"fork": "ok", "socket-netlink": "ok", // the filter's own work
		"memory-exec": "EACCES", "mount-denied": "EPERM", "chroot": "EPERM", "mknod": mknod, "chown": "EPERM",
		"setuid-0": "EPERM", "setgroups": "EPERM", "raise-nofile": "EPERM", "kill-init": "EPERM", "kill-parent": "EPERM",
		"connect-ip": noTCP(h), "self-mem": "EROFS", "write-root": "EROFS", "write-usr": "EROFS", "exec-write": "EACCES", "map-exec-tmp": "EPERM", "socket-raw": "EPERM",
	} {
		if got := body(t, w, "", "try="+probe); got != want {
			t.Errorf("%s: %s, want %s", probe, got, want)
		}
	}
}

// Paths in paths, on the kernel: the deepest decides.
func TestNestedMounts(t *testing.T) {
	h := needRoot(t)
	dir := site(t, map[string]string{"a": "", "var/b": "", "var/keys/c": "", "var/keys/open/d": ""})
	for _, d := range []string{"", "/var", "/var/keys", "/var/keys/open"} {
		os.Chown(dir+d, siteUID, siteUID)
	}
	p := workerPool()
	p.Jail.Read = []string{dir, dir + "/var/keys"}
	p.Jail.Write = []string{dir + "/var", dir + "/var/keys/open"}
	s := newSpawner(t, Options{})
	j := compile(t, p, h)
	if err := s.AddPool(j); err != nil {
		t.Fatal(err)
	}
	w := start(t, s, j)
	for probe, want := range map[string]string{
		"read:" + dir + "/a": "ok", "write:" + dir + "/a": "EROFS", "write:" + dir + "/var/b": "EACCES", "write:" + dir + "/var/new": "ok",
		"read:" + dir + "/var/keys/c": "ok", "write:" + dir + "/var/keys/new": "EROFS", "write:" + dir + "/var/keys/open/new": "ok",
	} {
		if got := body(t, w, "", "try="+probe); got != want {
			t.Errorf("%s: %s, want %s", probe, got, want)
		}
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
