//go:build integration

package test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestProxyKilled: the master starts another proxy on the same sockets.
func TestProxyKilled(t *testing.T) {
	j := startJPM(t, site{})
	n := j.front("fastcgi_keep_conn on;")
	n.get("/index.php?before").want(t, 200, "hello before")
	for range 3 {
		s, err := j.snapshot()
		if err != nil {
			t.Fatal(err)
		}
		mark := j.log.mark()
		kill(t, s.ProxyPID)
		j.log.wait(t, mark, line{"msg": "proxy replaced"})
		// Not one of these may fail for good: nginx waits in the queue of a socket that never closes.
		eventually(t, "the site answers", func() bool { return n.get("/index.php?after").status == 200 })
		n.get("/index.php?after").want(t, 200, "hello after")
		now, err := j.snapshot()
		if err != nil {
			t.Fatal(err)
		}
		if now.ProxyPID == s.ProxyPID {
			t.Errorf("the proxy is still %d", s.ProxyPID)
		}
		j.waitIdle()
	}
}

// TestMasterKilled: kill -9 leaves nothing that runs or stands in the next start's way.
func TestMasterKilled(t *testing.T) {
	j := startJPM(t, site{}, site{name: "other", user: neighbourID})
	for range 2 {
		family := descendants(j.cmd.Process.Pid)
		if len(family) < 1+8 {
			t.Fatalf("only %v below the master", family)
		}
		j.killed = true
		kill(t, j.cmd.Process.Pid)
		j.wait()
		eventually(t, "every process below the master ends", func() bool {
			for _, p := range family {
				if alive(p.pid) {
					return false
				}
			}
			return true
		})
		if n := mountCount(); n != j.mounts {
			t.Errorf("%d mounts, %d before jpm started", n, j.mounts)
		}
		j.start()
		j.healthy()
	}
}

// TestQuitDrains: QUIT lets what runs and what waits finish.
func TestQuitDrains(t *testing.T) {
	j := startJPM(t, site{workers: "max = 1"})
	n := j.front("")
	running := n.start("/until.php?file=drains")
	j.busy(1)
	j.signal(syscall.SIGQUIT)
	j.log.wait(t, 0, line{"msg": "draining"})
	j.write("site/drains", "")
	(<-running).want(t, 200, "it is there")
	if code := j.wait(); code != 0 {
		t.Errorf("ended with %d, want 0", code)
	}
}

// TestTermEnds: TERM does not wait for what runs.
func TestTermEnds(t *testing.T) {
	j := startJPM(t, site{workers: "max = 1"})
	n := j.front("")
	running := n.start("/sleep.php?ms=30000")
	j.busy(1)
	began := time.Now()
	j.signal(syscall.SIGTERM)
	if code := j.wait(); code != 0 {
		t.Errorf("ended with %d, want 0", code)
	}
	if a := <-running; a.err == nil && a.status == 200 {
		t.Errorf("got %d after %v: it waited for the script", a.status, time.Since(began))
	}
}

// TestLogIsReopened: USR1, after logrotate has moved the file away.
func TestLogIsReopened(t *testing.T) {
	j := newJPM(t, site{workers: "max = 1"})
	conf, err := os.ReadFile(filepath.Join(j.dir, "jpm.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(j.dir, "jpm.log")
	j.write("jpm.hcl", fmt.Sprintf("log {\n  output = %q\n}\n%s", path, conf))
	has := func(file, text string) bool {
		b, err := os.ReadFile(file)
		return err == nil && bytes.Contains(b, []byte(text))
	}
	j.log = &logBuffer{}
	j.startQuietly()
	n := j.front("")
	n.get("/stderr.php").want(t, 200, "fine")
	eventually(t, "the message is in the log", func() bool { return has(path, "this is the complaint") })
	if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != 0o640 {
		t.Errorf("log file: %v, error %v; want mode 0640", fi.Mode(), err)
	}
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	n.get("/stderr.php").want(t, 200, "fine")
	eventually(t, "the message is in the moved file", func() bool {
		b, err := os.ReadFile(path + ".1")
		return err == nil && bytes.Count(b, []byte("this is the complaint")) == 2
	})
	j.signal(syscall.SIGUSR1)
	eventually(t, "the new file says so", func() bool { return has(path, "log reopened") })
	eventually(t, "the proxy and the workers write to the new file", func() bool {
		n.get("/stderr.php").want(t, 200, "fine")
		return has(path, "this is the complaint")
	})
	j.signal(syscall.SIGTERM)
	if code := j.wait(); code != 0 {
		t.Errorf("ended with %d, want 0", code)
	}
}

// TestSecondJPM: two on one socket are an error, and the first is not disturbed.
func TestSecondJPM(t *testing.T) {
	j := startJPM(t, site{})
	second := exec.Command(filepath.Join(bin, "jpm"), j.args("run", "--run-dir", filepath.Join(j.dir, "run2"))...)
	second.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	overdue := time.AfterFunc(patience, func() { second.Process.Kill() })
	defer overdue.Stop()
	out, err := second.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "site.sock") {
		t.Errorf("the second jpm: %v, printed %q; want an error that names the socket", err, out)
	}
	j.healthy()
}

// TestConfinement looks from outside at what the proxy and a worker are.
func TestConfinement(t *testing.T) {
	j := startJPM(t, site{workers: "max = 1"})
	worker := j.pool().Workers[0].Pid
	for name, p := range map[string]struct{ pid, id int }{"proxy": {j.proxy, proxyID}, "worker": {worker, siteID}} {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
		if err != nil {
			t.Fatal(err)
		}
		fields := map[string]string{}
		for l := range strings.Lines(string(b)) {
			key, value, _ := strings.Cut(l, ":")
			fields[key] = strings.Join(strings.Fields(value), " ")
		}
		id := fmt.Sprintf("%[1]d %[1]d %[1]d %[1]d", p.id)
		none := "0000000000000000"
		want := map[string]string{
			"Uid": id, "Gid": id, "Groups": "", "NoNewPrivs": "1", "Seccomp": "2",
			"CapInh": none, "CapPrm": none, "CapEff": none, "CapBnd": none, "CapAmb": none,
		}
		for key, w := range want {
			if fields[key] != w {
				t.Errorf("%s: %s = %q, want %q", name, key, fields[key], w)
			}
		}
		for _, ns := range []string{"mnt", "pid", "net", "ipc", "uts", "cgroup"} {
			inside, err1 := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", p.pid, ns))
			outside, err2 := os.Readlink("/proc/self/ns/" + ns)
			if err1 != nil || err2 != nil || inside == outside {
				t.Errorf("%s: namespace %s is %s, ours is %s", name, ns, inside, outside)
			}
		}
	}
	var files []string
	for _, d := range descriptors(t, worker) {
		if !strings.HasPrefix(d, "socket:") && !strings.HasPrefix(d, "pipe:") && d != "/dev/null" && !strings.Contains(d, "(deleted)") {
			files = append(files, d)
		}
	}
	if len(files) > 0 {
		t.Errorf("the worker has open %v", files)
	}
	if entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/root/", j.proxy)); err != nil || len(entries) > 0 {
		t.Errorf("the proxy's root holds %v, error %v; want nothing", entries, err)
	}
}
