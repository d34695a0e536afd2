//go:build integration

package test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// probe is one line of the lab's report.
type probe struct {
	Probe    string `json:"probe"`
	Title    string `json:"title"`
	Allowed  bool   `json:"allowed"`
	Error    string `json:"error"`
	Unjailed string `json:"unjailed"` // "user" or "root": who succeeds without a jail
}

// lab is the quickstart's lab with a neighbour to aim at and a machine on which all it tries would work.
type lab struct {
	dir string
	env map[string]string
	ini map[string]string
}

// newLab puts everything in place that the probes need to succeed without a jail.
func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{dir: tempDir(t)}
	site, neighbour := filepath.Join(l.dir, "lab"), filepath.Join(l.dir, "neighbour")
	if err := os.CopyFS(site, os.DirFS(filepath.Join(source, "examples/quickstart/lab"))); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{neighbour, filepath.Join(site, "uploads")} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// The site's user owns its code, and everybody can read the neighbour's and run sendmail: only the jail says no.
	err := filepath.WalkDir(site, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, siteID, siteID)
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, f := range map[string]struct {
		mode os.FileMode
		text string
	}{
		filepath.Join(neighbour, "config.php"): {0o644, "<?php $password = 'secret';\n"},
		filepath.Join(l.dir, "jpm.hcl"):        {0o644, "# jpm's configuration\n"},
		filepath.Join(l.dir, "sendmail"):       {0o755, "#!/bin/sh\ncat >/dev/null\n"},
	} {
		if err := os.WriteFile(path, []byte(f.text), f.mode); err != nil {
			t.Fatal(err)
		}
	}
	socket := filepath.Join(l.dir, "neighbour.sock")
	abstract := filepath.Base(l.dir)
	tcp := listen(t, "tcp", "127.0.0.1:0")
	listen(t, "unix", "@"+abstract)
	listen(t, "unix", socket)
	if err := os.Chmod(socket, 0o666); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(tcp)
	l.env = map[string]string{
		"LAB_NEIGHBOUR_DIR":    neighbour,
		"LAB_NEIGHBOUR_FILE":   filepath.Join(neighbour, "config.php"),
		"LAB_NEIGHBOUR_SOCKET": socket,
		"LAB_CONFIG":           filepath.Join(l.dir, "jpm.hcl"),
		"LAB_ABSTRACT_SOCKET":  abstract,
		"LAB_TCP_PORT":         port,
	}
	l.ini = map[string]string{"ffi.enable": "true", "sendmail_path": filepath.Join(l.dir, "sendmail")}
	return l
}

// listen takes connections and says nothing on them, until the test ends.
func listen(t *testing.T, network, address string) string {
	t.Helper()
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	return ln.Addr().String()
}

// site is the lab as a pool.
func (l *lab) site() site {
	hcl := func(m map[string]string) string {
		var b strings.Builder
		for _, key := range slices.Sorted(maps.Keys(m)) {
			fmt.Fprintf(&b, "%q = %q\n", key, m[key])
		}
		return "{\n" + b.String() + "}"
	}
	root := filepath.Join(l.dir, "lab")
	return site{
		root:    root,
		workers: "max = 2",
		limits:  `tmp = "16M"`,
		pool:    "env = " + hcl(l.env),
		php:     "ini = " + hcl(l.ini),
		jail:    fmt.Sprintf("write = [%q]", filepath.Join(root, "uploads")),
	}
}

// unjailed serves the lab by a plain php-cgi under an ordinary account and returns its report.
func (l *lab) unjailed(t *testing.T, uid uint32) []probe {
	t.Helper()
	ln, err := net.Listen("unix", filepath.Join(l.dir, fmt.Sprintf("php-%d.sock", uid)))
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	f, err := ln.(*net.UnixListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.SetNonblock(int(f.Fd()), false); err != nil { // php-cgi must block in accept
		t.Fatal(err)
	}
	var args []string
	for key, value := range l.ini {
		args = append(args, "-d", key+"="+value)
	}
	cmd := exec.Command("php-cgi", args...)
	cmd.Stdin, cmd.Stderr = f, os.Stderr
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LAB_SECRET=only jpm knows"}
	for key, value := range l.env {
		cmd.Env = append(cmd.Env, key+"="+value)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
	}()
	c, err := net.Dial("unix", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	script := filepath.Join(l.dir, "lab/index.php")
	if _, err := io.WriteString(c, simple(1, false, "SCRIPT_FILENAME", script, "REQUEST_METHOD", "GET", "QUERY_STRING", "format=json")); err != nil {
		t.Fatal(err)
	}
	a, err := readReply(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(a.stdout, "\r\n\r\n")
	return report(t, body)
}

func report(t *testing.T, body string) []probe {
	t.Helper()
	var probes []probe
	if err := json.Unmarshal([]byte(body), &probes); err != nil {
		t.Fatalf("%v in %s", err, clip(body))
	}
	return probes
}

// labDenied asks for the lab's report some times: all it tries is denied, each with an error.
func (n *nginx) labDenied(times int) {
	n.t.Helper()
	for range times {
		a := n.get("/index.php?format=json")
		if a.status != 200 {
			n.t.Fatalf("got %d %s", a.status, clip(a.body))
		}
		probes := report(n.t, a.body)
		if len(probes) < 30 {
			n.t.Errorf("%d probes, want 30 and more", len(probes))
		}
		for _, p := range probes {
			if p.Allowed {
				n.t.Errorf("%s: allowed: the page could %s", p.Probe, p.Title)
			}
			if p.Error == "" && !p.Allowed {
				n.t.Errorf("%s: no error", p.Probe)
			}
		}
	}
}

// TestLab: everything the lab tries is denied, by every worker, more than once, and without an incident.
func TestLab(t *testing.T) {
	l := newLab(t)
	j := startJPM(t, l.site())
	n := startNginx(t, j.socket("site"), filepath.Join(l.dir, "lab"), "")
	n.labDenied(4)
	n.get("/index.php").want(t, 200, "attempts denied")
	if found := j.log.lines(0, line{"msg": "incident", "action": "killed"}); len(found) > 0 {
		t.Errorf("killed: %v", found)
	}
	for _, call := range []string{"execve", "clone", "chown", "mknodat"} {
		j.log.wait(t, 0, line{"msg": "incident", "action": "denied", "syscall": call, "uri": "/index.php"})
	}
}

// TestLabUnjailed: the same probes prove something only if they succeed without the jail.
func TestLabUnjailed(t *testing.T) {
	l := newLab(t)
	for user, uid := range map[string]uint32{"user": siteID, "root": 0} {
		for _, p := range l.unjailed(t, uid) {
			if p.Unjailed == user && !p.Allowed {
				t.Errorf("%s: %s is denied even without a jail: %s", user, p.Probe, p.Error)
			}
			if p.Unjailed != "user" && p.Unjailed != "root" {
				t.Errorf("%s: who succeeds unjailed? %q", p.Probe, p.Unjailed)
			}
		}
	}
}

// TestLabTripwires: php-cgi trips over each and is replaced; without the jail all are harmless.
func TestLabTripwires(t *testing.T) {
	l := newLab(t)
	j := startJPM(t, l.site())
	n := startNginx(t, j.socket("site"), filepath.Join(l.dir, "lab"), "")
	for _, name := range []string{"ptrace", "unshare", "mount", "chroot", "setns", "bpf", "io_uring", "keyctl", "userfaultfd", "perf", "splice", "hostname", "clock"} {
		j.waitIdle()
		mark := j.log.mark()
		n.get("/index.php?trip="+name).want(t, 502, "")
		j.log.wait(t, mark, line{"msg": "incident", "pool": "site", "uri": "/index.php?trip=" + name, "client": "127.0.0.1", "method": "GET"})
	}
}
