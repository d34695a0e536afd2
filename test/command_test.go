//go:build integration

package test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"jpm/status"
)

// command runs a command of jpm to its end.
func command(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return finished(t, exec.Command(filepath.Join(bin, "jpm"), args...))
}

// finished runs cmd to its end, or kills it when patience ends.
func finished(t *testing.T, cmd *exec.Cmd) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	overdue := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer overdue.Stop()
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestVersionCommand(t *testing.T) {
	if out, _, code := command(t, "version"); code != 0 || out != "jpm test\n" {
		t.Errorf("jpm version: exit code %d, printed %q", code, out)
	}
}

func TestHelpConfig(t *testing.T) {
	out, _, code := command(t, "help", "config")
	for _, word := range []string{"pool", "max_requests", "allowed_clients", "locked_ini"} {
		if code != 0 || !strings.Contains(out, word) {
			t.Errorf("jpm help config: exit code %d, no %s in it", code, word)
		}
	}
}

func TestUsageErrors(t *testing.T) {
	for _, args := range [][]string{{"run", "--nonsense"}, {"run", "extra"}, {"request", "only-one"}, {"nonsense"}} {
		if _, errs, code := command(t, args...); code != 2 || errs == "" {
			t.Errorf("jpm %s: exit code %d, printed %q; want 2 and a word", strings.Join(args, " "), code, errs)
		}
	}
}

// TestBadConfig: exit code 78, and the message shows the place.
func TestBadConfig(t *testing.T) {
	j := newJPM(t, site{})
	tests := []struct{ name, text, want string }{
		{"syntax", "pool \"x\" {\n", "bad.hcl line 1"},
		{"unknown field", "pool \"x\" {\n  usr = \"www-data\"\n}\n", "bad.hcl line 2"},
		{"bare number", "pool \"x\" {\n  user = \"www-data\"\n  command = [\"/usr/bin/php-cgi\"]\n  listen \"unix:/run/x\" {}\n  queue {\n    timeout = 5\n  }\n}\n", "bad.hcl line 6"},
		{"not supported yet", "pool \"x\" {\n  user = \"www-data\"\n  command = [\"/usr/bin/php-cgi\"]\n  listen \"unix:/run/x\" {}\n  jail {\n    apparmor = \"x\"\n  }\n}\n", "Not supported"},
		{"deep nesting", "x = " + strings.Repeat("[", 100000) + "\n", "bad.hcl"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file := j.write("bad.hcl", test.text)
			for _, name := range []string{"run", "check"} {
				_, errs, code := command(t, name, "-c", file)
				if code != 78 || !strings.Contains(errs, test.want) {
					t.Errorf("jpm %s: exit code %d, want 78; printed\n%s\nwant %q in it", name, code, errs[:min(len(errs), 2000)], test.want)
				}
			}
		})
	}
}

func TestCheckCommand(t *testing.T) {
	j := newJPM(t, site{})
	out, errs, code := command(t, j.args("check")...)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	for _, layer := range []string{"seccomp", "network", "capabilities", "proxy", `pool "site"`, "enforced"} {
		if !strings.Contains(out, layer) {
			t.Errorf("no %s in\n%s", layer, out)
		}
	}
}

// TestCheckEffective measures beside a jpm that serves the same configuration, and does not touch it.
func TestCheckEffective(t *testing.T) {
	j := newJPM(t, site{})
	j.start()
	before := j.pool()
	out, errs, code := command(t, j.args("check", "--effective", "--json")...)
	if code != 0 {
		t.Fatalf("exit code %d: %s\n%s", code, errs, out)
	}
	var got struct {
		Jails []struct {
			Name, Error string
			Layers      []struct{ Layer, State, Measured, Differs string }
		}
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Jails) != 2 || got.Jails[0].Name != "proxy" || got.Jails[1].Name != "site" {
		t.Fatalf("jails of %+v, want those of proxy and site", got.Jails)
	}
	for _, jail := range got.Jails {
		enforced := 0
		for _, l := range jail.Layers {
			if l.State == "enforced" && l.Measured != "" && l.Differs == "" {
				enforced++
			}
		}
		if jail.Error != "" || enforced < 10 {
			t.Errorf("%s: %d layers enforced, error %q", jail.Name, enforced, jail.Error)
		}
	}
	for i, w := range j.pool().Workers {
		if w.Pid != before.Workers[i].Pid {
			t.Errorf("worker %d of the running jpm was %d and is %d", i, before.Workers[i].Pid, w.Pid)
		}
	}
	j.healthy()
}

func TestRequestCommand(t *testing.T) {
	j := startJPM(t, site{})
	script := filepath.Join(j.dir, "site", "index.php")
	tests := []struct {
		name string
		args []string
		code int
		want string
	}{
		{"page", []string{j.socket("site"), script}, 0, "hello"},
		{"with unix:", []string{"unix:" + j.socket("site"), script}, 0, "Status: 200"},
		{"query", []string{"-u", "/index.php?there", j.socket("site"), script}, 0, "hello there"},
		{"body", []string{"-d", "a body", j.socket("site"), filepath.Join(j.dir, "site", "body.php")}, 0, sum("a body")},
		{"missing file", []string{j.socket("site"), filepath.Join(j.dir, "site", "missing.php")}, 4, "Status: 404"},
		{"refused", []string{j.socket("site"), "/etc/passwd"}, 4, "Status: 403"},
		{"no socket", []string{j.socket("none"), script}, 1, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			out, errs, code := command(t, append([]string{"request"}, test.args...)...)
			if code != test.code || !strings.Contains(out, test.want) {
				t.Errorf("exit code %d, printed %q and %q; want %d and %q", code, clip(out), clip(errs), test.code, test.want)
			}
		})
	}
}

func TestStatusCommand(t *testing.T) {
	j := startJPM(t, site{workers: "max = 3"})
	j.healthy()
	out, errs, code := command(t, j.args("status")...)
	if code != 0 || !strings.Contains(out, "site") || !strings.Contains(out, "idle") {
		t.Errorf("exit code %d, printed\n%s%s", code, out, errs)
	}
	out, _, code = command(t, j.args("status", "--json", "site")...)
	var s status.Snapshot
	if err := json.Unmarshal([]byte(out), &s); err != nil || code != 0 || len(s.Pools) != 1 || s.Pools[0].Requests.Served != 1 {
		t.Errorf("exit code %d, error %v, printed\n%s", code, err, out)
	}
	if _, errs, code := command(t, j.args("status", "none")...); code != 1 || !strings.Contains(errs, `"none"`) {
		t.Errorf("an unknown pool: exit code %d, printed %q", code, errs)
	}
}

// TestStatusWhileBusy: the endpoint answers when no worker does.
func TestStatusWhileBusy(t *testing.T) {
	j := startJPM(t, site{workers: "max = 2", queue: "length = 1\ntimeout = \"30s\""})
	n := j.front("")
	for range 2 {
		n.start("/sleep.php?ms=30000")
	}
	busy := j.busy(2)
	waiting := n.start("/index.php")
	eventually(t, "a request waits", func() bool { return j.pool().Queue.Length == 1 })
	for path, want := range map[string]string{
		"/": "site", "/status.json": `"busy":2`, "/metrics": "jpm_",
	} {
		r, err := http.NewRequest(http.MethodGet, "http://"+j.address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		do(r).want(t, 200, want)
	}
	for _, w := range busy {
		kill(t, w.Pid)
	}
	(<-waiting).want(t, 200, "hello")
}

// TestDemoCommand: without nginx, with php-cgi and with the built-in worker.
func TestDemoCommand(t *testing.T) {
	for _, worker := range []string{"php", "go"} {
		t.Run(worker, func(t *testing.T) {
			mounts := mountCount()
			address := fmt.Sprintf("127.0.0.1:%d", freePort(t))
			log := &logBuffer{}
			cmd := exec.Command(filepath.Join(bin, "jpm"), "demo", "--listen", address, "--worker", worker)
			cmd.Stdout, cmd.Stderr, cmd.WaitDelay = log, log, patience
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer cmd.Process.Kill()
			eventually(t, "the demo is ready", func() bool { return strings.Contains(log.String(), "Open http") || !alive(cmd.Process.Pid) })
			family := descendants(cmd.Process.Pid)
			resp, err := client().Get("http://" + address + "/?format=json")
			if err != nil {
				t.Fatalf("%v\n%s", err, log)
			}
			b, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			var probes []probe
			if err := json.Unmarshal(b, &probes); err != nil || len(probes) < 5 {
				t.Errorf("%d probes, error %v: %s", len(probes), err, clip(string(b)))
			}
			for _, p := range probes {
				if p.Allowed {
					t.Errorf("%s is allowed", p.Probe)
				}
			}
			cmd.Process.Signal(syscall.SIGINT)
			if err := cmd.Wait(); err != nil {
				t.Errorf("the demo ended with %v\n%s", err, log)
			}
			for _, p := range family {
				if alive(p.pid) {
					t.Errorf("process left: %v", p)
				}
			}
			if left, _ := filepath.Glob("/run/jpm-demo-*"); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			if n := mountCount(); n != mounts {
				t.Errorf("%d mounts, %d before", n, mounts)
			}
		})
	}
}
