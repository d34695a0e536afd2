package jail

import (
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// heard keeps what a worker's listener tells.
type heard struct {
	mu   sync.Mutex
	list []Denial
}

func (h *heard) tell(d Denial) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, d)
}

func (h *heard) all() []Denial {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Denial(nil), h.list...)
}

func (h *heard) count() (n uint64) {
	for _, d := range h.all() {
		n += d.Count
	}
	return n
}

// wait waits until n calls were told of.
func (h *heard) wait(t *testing.T, n uint64) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); h.count() < n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("told of %d calls, want %d: %+v", h.count(), n, h.all())
		}
	}
}

func needListener(t *testing.T) *Host {
	t.Helper()
	h := needRoot(t)
	if !h.Listener.On {
		unavailable(t, h.Listener.Why)
	}
	return h
}

// listening starts a worker whose denials are heard.
func listening(t *testing.T, h *Host) (*Worker, *heard) {
	t.Helper()
	s := newSpawner(t, Options{})
	j := compile(t, workerPool(), h)
	if err := s.AddPool(j); err != nil {
		t.Fatal(err)
	}
	got := new(heard)
	w, err := s.Start(startContext(t), j, "x", got.tell)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close(); w.Conn().Close() })
	drain(t, w)
	return w, got
}

// A denied call fails as the profile says, the worker goes on, and the master knows what was called, and with what.
func TestDenialIsTold(t *testing.T) {
	w, got := listening(t, needListener(t))
	for _, c := range []struct{ probe, errno, call, args string }{
		{"kill-init", "EPERM", "kill", "pid=1 sig=0"},
		{"socket-raw", "EPERM", "socket", "family=AF_INET type=SOCK_RAW protocol=1"},
		{"fork", "EPERM", "clone", ""},
		{"exec", "EPERM", "execve", `path="/bin/true"`},
		{"setuid-0", "EPERM", "setresuid", "ruid=0 euid=0 suid=0"},
		{"dumpable", "EPERM", "prctl", "option=4 arg=0x1"},
		{"denied-thread", "EPERM", "kill", "pid=1 sig=SIGUSR1"},
		{"chown-long", "EPERM", "fchownat", `dir=cwd path="` + strings.Repeat(`\n`, maxText) + `"… uid=1 gid=2`},
		{"chown-nowhere", "EPERM", "fchownat", `dir=cwd path=? uid=1 gid=2`},
		{"chown-edge", "EPERM", "fchownat", `dir=cwd path="\x1b[31medge" uid=1 gid=2`},
	} {
		before := len(got.all())
		if out := body(t, w, "", "try="+c.probe); out != c.errno {
			t.Errorf("%s: %s, want %s", c.probe, out, c.errno)
		}
		got.wait(t, uint64(before+1))
		d := got.all()[before]
		if d.Call != c.call || d.Count != 1 || d.Errno != unix.EPERM || c.args != "" && d.Args != c.args {
			t.Errorf("%s: told %+v, want %s %s", c.probe, d, c.call, c.args)
		}
		if age := time.Since(d.Time); age < 0 || age > time.Minute {
			t.Errorf("%s: told of a call %v ago", c.probe, age)
		}
	}
}

// What honest programs do, start included, and what they try in vain, is no denial.
func TestQuietWorker(t *testing.T) {
	w, got := listening(t, needListener(t))
	for probe, want := range map[string]string{
		"nothing": "ok", "threads": "ok", "socket-netlink": "EAFNOSUPPORT", "clone3": "ENOSYS", "new-syscall": "ENOSYS", "write-tmp": "ok",
		"read-shadow": "ENOENT", "connect-ip": "",
	} {
		if out := body(t, w, "", "try="+probe); want != "" && out != want {
			t.Errorf("%s: %s, want %s", probe, out, want)
		}
	}
	w.Close()
	for _, d := range got.all() {
		t.Errorf("told of %+v", d)
	}
}

// A flood is counted to the last call, told of in few words, and the worker still answers.
func TestDenialFlood(t *testing.T) {
	w, got := listening(t, needListener(t))
	const flood, threads = 400, 4
	if out := body(t, w, "", fmt.Sprintf("try=denied-flood:%d:%d", flood, threads)); out != "EPERM" {
		t.Errorf("answered %s, want EPERM", out)
	}
	got.wait(t, flood*threads)
	if n := got.count(); n != flood*threads {
		t.Errorf("counted %d calls, want %d", n, flood*threads)
	}
	if n := len(got.all()); n > flood*threads/2 {
		t.Errorf("%d tellings for %d calls", n, flood*threads)
	}
}

// A worker that is killed while it waits for an answer is gone, and nobody waits for it.
func TestKilledWhileAsking(t *testing.T) {
	h := needListener(t)
	s := newSpawner(t, Options{})
	j := compile(t, workerPool(), h)
	if err := s.AddPool(j); err != nil {
		t.Fatal(err)
	}
	asked, goOn := make(chan struct{}, 8), make(chan struct{})
	w, err := s.Start(startContext(t), j, "x", func(Denial) { asked <- struct{}{}; <-goOn })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Conn().Close() })
	drain(t, w)
	go get(w.Conn(), "", "try=denied-flood:3:2", true) // its second call finds nobody who answers
	<-asked
	if err := w.Kill(); err != nil {
		t.Fatal(err)
	}
	close(goOn)
	if exit := w.Wait(); exit.Signal != syscall.SIGKILL {
		t.Errorf("ended by %v, want SIGKILL", exit)
	}
}

// When the listener is closed, denied calls still fail, by ENOSYS, and none hangs.
func TestListenerGone(t *testing.T) {
	w, _ := listening(t, needListener(t))
	w.denied.close()
	if out := body(t, w, "", "try=kill-init"); out != "ENOSYS" {
		t.Errorf("kill without a listener: %s, want ENOSYS", out)
	}
	if out := body(t, w, "", "try=exec"); out != "ENOSYS" {
		t.Errorf("exec without a listener: %s, want ENOSYS", out)
	}
}

// Without the kernel's help the same calls fail the same way.
func TestWithoutListener(t *testing.T) {
	h := *needRoot(t)
	h.Listener = Feature{Why: "a test"}
	w, got := listening(t, &h)
	for _, probe := range []string{"kill-init", "exec", "fork"} {
		if out := body(t, w, "", "try="+probe); out != "EPERM" {
			t.Errorf("%s: %s, want EPERM", probe, out)
		}
	}
	w.Close()
	if n := got.count(); n != 0 {
		t.Errorf("told of %d calls, want none", n)
	}
}
