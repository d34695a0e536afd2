package jail

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Missing directories of jail.write are made for the pool's user if the configuration says so, and without it the error says how.
func TestCreateWrite(t *testing.T) {
	h := needRoot(t)
	dir := site(t, map[string]string{"there/file": ""})
	missing, nested := filepath.Join(dir, "missing"), filepath.Join(dir, "missing", "nested")
	there := filepath.Join(dir, "there")
	p := workerPool()
	p.Jail.Umask, p.Jail.Mask = "0027", 0o027
	p.Jail.Write = []string{missing, nested, there}

	s := newSpawner(t, Options{})
	j := compile(t, p, h)
	if err := s.AddPool(j); err != nil {
		t.Fatal(err)
	}
	w, err := s.Start(startContext(t), j, "x", nil)
	if err == nil {
		w.Close()
	}
	want := fmt.Sprintf("jail.write %s: open %s: no such file or directory; make it: install -d -o %d -g %d -m 0750 %[1]s, or write jail.create_write = true",
		missing, missing, siteUID, siteUID)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Start without it = %v\nwant %s", err, want)
	}

	p.Name, p.Jail.CreateWrite = "other", true
	j = compile(t, p, h)
	if err := s.AddPool(j); err != nil {
		t.Fatal(err)
	}
	start(t, s, j)
	for path, want := range map[string]string{missing: "64201:64201 750", nested: "64201:64201 750", there: "0:0 755"} {
		var st unix.Stat_t
		if err := unix.Stat(path, &st); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%d:%d %o", st.Uid, st.Gid, st.Mode&0o7777); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}

// A directory is not made where a link that a site could have put there leads.
func TestCreateWriteFollowsNoLink(t *testing.T) {
	h := needRoot(t)
	dir, target := site(t, nil), site(t, nil)
	if err := os.Chown(dir, siteUID, siteUID); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	p := workerPool()
	p.Jail.CreateWrite, p.Jail.Write = true, []string{filepath.Join(dir, "link", "new")}
	s := newSpawner(t, Options{})
	j := compile(t, p, h)
	if err := s.AddPool(j); err != nil {
		t.Fatal(err)
	}
	w, err := s.Start(startContext(t), j, "x", nil)
	if err == nil {
		w.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "is a symlink that others than root can change") {
		t.Errorf("Start = %v", err)
	}
	if _, err := os.Stat(filepath.Join(target, "new")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("made behind the link: %v", err)
	}
}

// What is missing on the host, or closed to the pool's user, has a line of its own.
func TestInspect(t *testing.T) {
	h := needRoot(t)
	dir := site(t, map[string]string{"closed/x": "", "group/x": "", "file": ""})
	path := func(name string) string { return filepath.Join(dir, name) }
	group := path("group")
	if err := errors.Join(os.Chown(group, 0, siteUID), os.Chmod(group, 0o775)); err != nil {
		t.Fatal(err)
	}
	open := &service{t: t, path: path("open.sock")}
	open.start("open")
	defer open.stop()
	private := &service{t: t, path: path("private.sock")}
	private.start("private")
	defer private.stop()
	if err := os.Chmod(private.path, 0o600); err != nil {
		t.Fatal(err)
	}
	p := workerPool()
	p.Jail.Read = []string{path("no-read")}
	p.Jail.Write = []string{path("no-write"), path("closed"), group}
	p.Jail.Sockets = []string{path("no.sock"), open.path, private.path, path("file")}
	var got []string
	for _, err := range compile(t, p, h).Inspect() {
		got = append(got, strings.ReplaceAll(err.Error(), dir, "DIR"))
	}
	want := []string{
		"jail.write DIR/closed: uid 64201 cannot write there: chown 64201:64201 DIR/closed",
		"jail.read DIR/no-read: open DIR/no-read: no such file or directory",
		"jail.write DIR/no-write: open DIR/no-write: no such file or directory; make it: install -d -o 64201 -g 64201 -m 0755 DIR/no-write, or write jail.create_write = true",
		"jail.sockets DIR/no.sock: connections are refused until the service makes it: open DIR/no.sock: no such file or directory",
		"jail.sockets DIR/private.sock: its mode does not let uid 64201, gid 64201 connect",
		"jail.sockets DIR/file: connections are refused until the service makes it: DIR/file: is no unix socket",
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got\n%s\nwant\n%s", g, w)
	}

	// What jpm will make is not missing, what it cannot make is.
	p = workerPool()
	p.Jail.CreateWrite = true
	p.Jail.Write = []string{path("new"), path("new/nested"), path("no/parent")}
	problems := compile(t, p, h).Inspect()
	if len(problems) != 1 || !strings.Contains(problems[0].Error(), path("no/parent")) || strings.Contains(problems[0].Error(), "create_write") {
		t.Errorf("with create_write: %v", problems)
	}
}

// What ordinary applications expect of a host is there.
func TestPHPComfort(t *testing.T) {
	const script = `<?php
$n = 0;
while ($n < 2000 && @touch("/tmp/f$n")) $n++;
array_map("unlink", glob("/tmp/f*"));
session_start();
$_SESSION["x"] = 1;
session_write_close();
$key = function_exists("openssl_pkey_new") ? @openssl_pkey_new(["private_key_bits" => 2048]) : true;
echo json_encode(["zone" => date_default_timezone_get(), "berlin" => (new DateTimeZone("Europe/Berlin"))->getName(),
  "ca" => is_readable("/etc/ssl/certs/ca-certificates.crt"), "key" => $key !== false, "http" => getservbyname("http", "tcp"),
  "gc" => ini_get("session.gc_probability"), "session" => count(glob("/tmp/sess_*")), "files" => $n < 200 && $n > 50,
  "locale" => setlocale(LC_ALL, "C.UTF-8"), "fonts" => is_readable("/etc/fonts/fonts.conf"), "link" => file_get_contents(__DIR__ . "/link.txt")]);`
	h := needRoot(t)
	if h.TimeZone == "" {
		t.Error("the host's time zone was not found")
	}
	dir := site(t, map[string]string{"index.php": script, "data/text": "through a link"})
	if err := os.Symlink("data/text", filepath.Join(dir, "link.txt")); err != nil {
		t.Fatal(err)
	}
	p := phpPool(dir)
	p.Limits.TmpFiles = 200
	h.TimeZone = "America/Sao_Paulo"
	s := newSpawner(t, Options{})
	j := compile(t, p, h)
	if err := s.AddPool(j); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(body(t, start(t, s, j), filepath.Join(dir, "index.php"), "")), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"zone": "America/Sao_Paulo", "berlin": "Europe/Berlin", "key": true, "http": 80.0, "gc": "1", "session": 1.0,
		"files": true, "locale": "C.UTF-8", "link": "through a link", "ca": exists("/etc/ssl/certs/ca-certificates.crt"), "fonts": exists("/etc/fonts/fonts.conf")}
	if !exists("/etc/services") {
		want["http"] = false
	}
	for k, w := range want {
		if got[k] != w {
			t.Errorf("%s = %#v, want %#v", k, got[k], w)
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// A site can lie on a tmpfs, on an overlay, and on an overlay whose upper part it writes to.
func TestFilesystems(t *testing.T) {
	const script = `<?php echo file_put_contents(__DIR__ . "/var/x", "kept") === 4 ? file_get_contents(__DIR__ . "/var/x") : "no";`
	h := needRoot(t)
	needPHP(t)
	for _, fstype := range []string{"tmpfs", "overlay"} {
		t.Run(fstype, func(t *testing.T) {
			top := site(t, map[string]string{"lower/index.php": script, "lower/var/y": "", "upper/x": "", "work/x": ""})
			at := filepath.Join(top, "at")
			if err := errors.Join(os.Mkdir(at, 0o755), os.RemoveAll(filepath.Join(top, "work")), os.Mkdir(filepath.Join(top, "work"), 0o755)); err != nil {
				t.Fatal(err)
			}
			data := ""
			if fstype == "overlay" {
				data = fmt.Sprintf("lowerdir=%s/lower,upperdir=%[1]s/upper,workdir=%[1]s/work", top)
			}
			if err := unix.Mount(fstype, at, fstype, 0, data); err != nil {
				unavailable(t, fmt.Sprintf("mount %s: %v", fstype, err))
			}
			t.Cleanup(func() {
				if err := unix.Unmount(at, 0); err != nil {
					t.Error(err)
				}
			})
			if fstype == "tmpfs" {
				if err := os.CopyFS(at, os.DirFS(filepath.Join(top, "lower"))); err != nil {
					t.Fatal(err)
				}
			}
			write := filepath.Join(at, "var")
			if err := os.Chown(write, siteUID, siteUID); err != nil {
				t.Fatal(err)
			}
			p := phpPool(at)
			p.Jail.Write = []string{write}
			s := newSpawner(t, Options{})
			defer s.Close() // its mounts hold ours
			j := compile(t, p, h)
			if err := s.AddPool(j); err != nil {
				t.Fatal(err)
			}
			w := start(t, s, j)
			if got := body(t, w, filepath.Join(at, "index.php"), ""); got != "kept" {
				t.Errorf("answer %q, want %q", got, "kept")
			}
			w.Close()
		})
	}
}
