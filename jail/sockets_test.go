package jail

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"jpm/config"
)

// service is a server on a unix socket that greets with its own name and its client's uid.
type service struct {
	t    *testing.T
	path string
	ln   *net.UnixListener
}

func (s *service) start(name string) {
	s.t.Helper()
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: s.path, Net: "unix"})
	if err != nil {
		s.t.Fatal(err)
	}
	s.ln = ln
	if err := os.Chmod(s.path, 0o666); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		for {
			c, err := ln.AcceptUnix()
			if err != nil {
				return
			}
			raw, err := c.SyscallConn()
			if err == nil {
				_ = raw.Control(func(fd uintptr) {
					if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
						fmt.Fprintf(c, "%s sees uid %d", name, cred.Uid)
					}
				})
			}
			c.Close()
		}
	}()
}

func (s *service) stop() { s.ln.Close() } // and unlinks, as servers do

// A service's socket is in the jail alone, refuses while the service is down, and works in a running worker each time the service has
// come back, also when its directory was made anew. The service sees the worker's uid.
func TestSockets(t *testing.T) {
	const script = `<?php
$c = @stream_socket_client("unix://" . $_GET["path"], $e, $s, 2);
echo $c ? fread($c, 100) : "errno $e", " ", file_exists(dirname($_GET["path"]) . "/password") ? "and its password" : "alone";`
	top := site(t, nil)
	run := filepath.Join(top, "run")
	sv := &service{t: t, path: filepath.Join(run, "s.sock")}
	other := filepath.Join(run, "other.sock")
	prepare := func() {
		if err := os.Mkdir(run, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(run, "password"), []byte("secret"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	prepare()
	w, dir := startPHP(t, func(p *config.Pool) { p.Jail.Sockets = []string{sv.path, other} }, map[string]string{"index.php": script})
	pid := w.Pid()
	ask := func() string { return body(t, w, filepath.Join(dir, "index.php"), "path="+sv.path) }
	waitFor := func(want string) {
		t.Helper()
		want += " alone"
		got := ask()
		for deadline := time.Now().Add(20 * time.Second); got != want && time.Now().Before(deadline); got = ask() {
			time.Sleep(20 * time.Millisecond)
		}
		if got != want {
			t.Fatalf("the script gets %q, want %q", got, want)
		}
	}
	const refused = "errno 111"
	sees := fmt.Sprintf(" sees uid %d", siteUID)
	waitFor(refused)
	sv.start("first")
	waitFor("first" + sees)
	sv.stop()
	waitFor(refused)
	sv.start("second")
	waitFor("second" + sees)
	// Gone and back between two looks.
	sv.stop()
	sv.start("third")
	waitFor("third" + sees)
	sv.stop()
	if err := os.RemoveAll(run); err != nil {
		t.Fatal(err)
	}
	prepare()
	sv.start("fourth")
	waitFor("fourth" + sees)
	// A symlink that others than root could have made leads nowhere.
	sv.stop()
	if err := os.Chown(run, siteUID, siteUID); err != nil {
		t.Fatal(err)
	}
	elsewhere := &service{t: t, path: filepath.Join(top, "elsewhere.sock")}
	elsewhere.start("elsewhere")
	defer elsewhere.stop()
	if err := os.Symlink(elsewhere.path, sv.path); err != nil {
		t.Fatal(err)
	}
	waitFor(refused)
	if err := os.Remove(sv.path); err != nil {
		t.Fatal(err)
	}
	sv.start("fifth")
	waitFor("fifth" + sees)
	sv.stop()
	if got := ask(); w.Pid() != pid || !strings.HasSuffix(got, "alone") {
		t.Errorf("the worker did not live through it: %q", got)
	}
}

// A worker whose copy of the sockets has missed a change is found out.
func TestSocketsVerified(t *testing.T) {
	h := needRoot(t)
	needPHP(t)
	sv := &service{t: t, path: filepath.Join(site(t, nil), "s.sock")}
	sv.start("it")
	defer sv.stop()
	p := phpPool(site(t, map[string]string{"index.php": "<?php"}))
	p.Jail.Sockets = []string{sv.path}
	s := newSpawner(t, Options{})
	j := compile(t, p, h)
	if err := s.AddPool(j); err != nil {
		t.Fatal(err)
	}
	w := start(t, s, j)
	if err := w.verifySockets(j); err != nil {
		t.Errorf("verifySockets = %v", err)
	}
	// Only here, as if the worker had not heard of it.
	err := s.do(func() error {
		if err := unix.Mount("", s.socketed[0].dir, "", unix.MS_PRIVATE, ""); err != nil {
			return err
		}
		return unix.Unmount(s.socketed[0].at(0), unix.MNT_DETACH)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.verifySockets(j); err == nil || !strings.Contains(err.Error(), "socket "+sv.path) {
		t.Errorf("verifySockets = %v, want a VerifyError of the socket", err)
	}
}

func TestCompileSockets(t *testing.T) {
	p := shop()
	p.Jail.Sockets = []string{"/var/run/mysqld/mysqld.sock", "/run/redis.sock"}
	j := compile(t, p, testHost())
	text := planText(*j.plan)
	for _, want := range []string{
		"link  /run/mysqld/mysqld.sock -> /run/jpm/sockets/0 (jail.sockets /var/run/mysqld/mysqld.sock)\n",
		"link  /run/redis.sock -> /run/jpm/sockets/1 (jail.sockets /run/redis.sock)\n",
		"link  /var/run -> /run (the jail's /var/run)\n",
		"bind  /run/jpm/sockets from , a sockets 0:0, ro,nosuid,nodev,noexec, recursive true (jail.sockets)\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the plan lacks %q:\n%s", want, text)
		}
	}
	for path, want := range map[string]string{
		"/srv/shop/mysqld.sock": "jail.sockets /srv/shop/mysqld.sock: lies in /srv/shop, which the jail has as jail.read /srv/shop",
		"mysqld.sock":           "want an absolute path",
		"/srv":                  "is a link or file in the jail",
	} {
		p.Jail.Sockets = []string{path}
		if _, err := Compile(p, testHost()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Compile with socket %s = %v, want %q", path, err, want)
		}
	}
}
