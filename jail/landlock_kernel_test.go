package jail

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"jpm/jail/plan"
)

// Landlock alone: with everything else that would refuse taken away, each right's probe works without Landlock and fails with it.
func TestLandlockAlone(t *testing.T) {
	h := needRoot(t)
	if !h.Landlock.On {
		unavailable(t, h.Landlock.Why)
	}
	t.Logf("Landlock version %d", h.LandlockABI)
	for _, c := range []struct {
		probe string
		abi   int // the version that brought the right
		want  string
	}{
		{"nothing", 1, "ok"},
		{"write-write", 1, "ok"},
		{"write-tmp", 1, "ok"},
		{"dev-null", 1, "ok"},
		{"ll-move-within", 1, "ok"},
		{"ll-read-dir", 1, "EACCES"},
		{"ll-read-file", 1, "EACCES"},
		{"ll-write-file", 1, "EACCES"},
		{"ll-write-own", 1, "EACCES"},
		{"ll-make-reg", 1, "EACCES"},
		{"ll-make-dir", 1, "EACCES"},
		{"ll-make-sym", 1, "EACCES"},
		{"ll-make-fifo", 1, "EACCES"},
		{"ll-make-char", 1, "EACCES"},
		{"ll-make-sock", 1, "EACCES"},
		{"ll-remove-file", 1, "EACCES"},
		{"ll-remove-dir", 1, "EACCES"},
		{"ll-execute", 1, "EACCES"},
		{"ll-execute-own", 1, "EACCES"},
		{"ll-truncate", 3, "EACCES"},
		{"ll-bind-tcp", 4, "EACCES"},
		{"connect-ip", 4, "EACCES"},
		{"ll-ioctl-dev", 5, "EACCES"},
		{"connect-abstract", 6, "EPERM"},
		{"kill:", 6, "EPERM"},
	} {
		t.Run(c.probe, func(t *testing.T) {
			want := c.want
			if h.LandlockABI < c.abi {
				want = "ok"
			}
			for _, landlock := range []bool{false, true} {
				w, neighbour := bareOfLayers(t, h, landlock)
				probe := c.probe
				if probe == "kill:" {
					probe += neighbour
				}
				switch got := body(t, w, "", "try="+probe); {
				case !landlock && got != "ok":
					t.Errorf("without Landlock: %s, want ok: the probe proves nothing", got)
				case landlock && got != want:
					t.Errorf("with Landlock: %s, want %s", got, want)
				}
			}
		})
	}
}

// Before version 2 nothing can be moved between directories; from then on writable paths allow it.
func TestLandlockMove(t *testing.T) {
	h := needRoot(t)
	if !h.Landlock.On {
		unavailable(t, h.Landlock.Why)
	}
	for _, abi := range []int{1, 2} {
		if abi > h.LandlockABI {
			break
		}
		old := *h
		old.LandlockABI = abi
		w, _ := bareOfLayers(t, &old, true)
		want := map[int]string{1: "EXDEV", 2: "ok"}[abi]
		if got := body(t, w, "", "try=ll-move"); got != want {
			t.Errorf("version %d: %s, want %s", abi, got, want)
		}
	}
}

// bareOfLayers starts a worker whose jail is that of its configuration but for the mounts' flags, a directory more, and the
// filter. Its network has a loopback, with a TCP and an abstract listener in it, and its pid namespace a process of the same uid
// outside of its Landlock domain, whose pid there is also given.
func bareOfLayers(t *testing.T, h *Host, landlock bool) (w *Worker, neighbour string) {
	t.Helper()
	program, err := os.ReadFile(filepath.Join(bin, "worker"))
	if err != nil {
		t.Fatal(err)
	}
	beyond := site(t, map[string]string{"file": "text", "old": "", "olddir/x": ""})
	os.Remove(beyond + "/olddir/x")
	read := site(t, map[string]string{"file": "text"})
	write := site(t, map[string]string{"a/x": "", "a/y": "", "b/w": ""})
	for _, dir := range []string{beyond, read} {
		if err := os.WriteFile(dir+"/worker", program, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{beyond, read, write} {
		if err := filepath.WalkDir(dir, func(p string, _ os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Chown(p, siteUID, siteUID)
		}); err != nil {
			t.Fatal(err)
		}
	}
	p := workerPool()
	p.Jail.Read, p.Jail.Write = []string{read}, []string{write}
	p.Jail.Landlock = landlock
	p.Env = map[string]string{"JPM_BEYOND": beyond, "JPM_READ": read, "JPM_WRITE": write, "JPM_TCP": "127.0.0.1:9000", "JPM_ABSTRACT": "beyond"}
	j := compile(t, p, h)
	for i := range j.plan.Entries {
		j.plan.Entries[i].Flags &^= plan.ReadOnly | plan.NoExec | plan.NoSymFollow
	}
	j.plan.Entries = append(j.plan.Entries, plan.Entry{Kind: plan.Bind, Path: beyond, Source: beyond, Wants: plan.Any, Origin: "the test"})
	s := newSpawner(t, Options{skipStep: "seccomp", skipVerify: true})
	if err := s.AddPool(j); err != nil {
		t.Fatal(err)
	}
	w = start(t, s, j)
	inNamespace(t, w, "net", unix.CLONE_NEWNET, func() {
		loopbackUp(t)
		for network, address := range map[string]string{"tcp": "127.0.0.1:9000", "unix": "@beyond"} {
			l, err := net.Listen(network, address)
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { l.Close() })
		}
	})
	beside := exec.Command("/usr/bin/sleep", "1000")
	beside.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: siteUID, Gid: siteUID}}
	inNamespace(t, w, "pid", unix.CLONE_NEWPID, func() {
		if err := beside.Start(); err != nil {
			t.Error(err)
		}
	})
	if t.Failed() {
		t.FailNow()
	}
	t.Cleanup(func() { beside.Process.Kill(); beside.Wait() })
	st, err := readStatus("/proc/" + strconv.Itoa(beside.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	pids := strings.Fields(st["NSpid"])
	return w, pids[len(pids)-1]
}

// inNamespace runs f on a thread that is in a namespace of the worker. The thread ends with it. f must not end the test.
func inNamespace(t *testing.T, w *Worker, name string, kind int, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: nobody else may get this thread
		if unix.Gettid() == unix.Getpid() {
			// The first thread never ends, and /proc/self shows its namespaces. While it is held, another goroutine gets another.
			inNamespace(t, w, name, kind, f)
			runtime.UnlockOSThread()
			return
		}
		ns, err := os.Open("/proc/" + strconv.Itoa(w.Pid()) + "/ns/" + name)
		if err != nil {
			t.Error(err)
			return
		}
		defer ns.Close()
		if err := unix.Setns(int(ns.Fd()), kind); err != nil {
			t.Errorf("setns %s: %v", name, err)
			return
		}
		f()
	}()
	<-done
}

func loopbackUp(t *testing.T) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Error(err)
		return
	}
	defer unix.Close(fd)
	req, err := unix.NewIfreq("lo")
	if err != nil {
		t.Error(err)
		return
	}
	req.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, req); err != nil {
		t.Errorf("loopback up: %v", err)
	}
}
