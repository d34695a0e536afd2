package jail

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"jpm/config"
)

func startPHP(t *testing.T, change func(p *config.Pool), files map[string]string) (*Worker, string) {
	t.Helper()
	h := needRoot(t)
	needPHP(t)
	dir := site(t, files)
	p := phpPool(dir)
	if change != nil {
		change(&p)
	}
	s := newSpawner(t, Options{})
	j := compile(t, p, h)
	if err := s.AddPool(j); err != nil {
		t.Fatal(err)
	}
	return start(t, s, j), dir
}

func TestPHPAnswers(t *testing.T) {
	w, dir := startPHP(t, nil, map[string]string{"index.php": `<?php echo "uid ", posix_getuid(), " gid ", posix_getgid(), " host ", php_uname("n"), " sum ", 6*7;`})
	id := strconv.Itoa(siteUID)
	want := "uid " + id + " gid " + id + " host shop sum 42"
	for range 3 { // kept connection: more than one request
		if got := body(t, w, filepath.Join(dir, "index.php"), ""); got != want {
			t.Fatalf("answer %q, want %q", got, want)
		}
	}
}

func TestPHPSettings(t *testing.T) {
	w, dir := startPHP(t, func(p *config.Pool) {
		p.PHP.INI = map[string]string{"memory_limit": "99M", "display_errors": "Off", "error_reporting": "E_ALL & ~E_DEPRECATED"}
		p.PHP.LockedINI = map[string]string{"open_basedir": p.Scripts.Root + ":/tmp", "precision": "9", "disable_functions": "phpinfo"}
	}, map[string]string{
		".user.ini": "precision = 3\n",
		"index.php": `<?php
echo json_encode([
  "memory" => ini_get("memory_limit"), "set_memory" => @ini_set("memory_limit", "77M"), "memory_after" => ini_get("memory_limit"),
  "set_locked" => @ini_set("precision", "5"), "locked" => ini_get("precision"), "unlocked" => @ini_set("open_basedir", "/"),
  "level" => error_reporting(), "session" => ini_get("session.save_path"), "tmp" => sys_get_temp_dir(), "upload" => ini_get("upload_tmp_dir"),
  "jit" => ini_get("pcre.jit"), "user_ini" => ini_get("user_ini.filename"), "disabled" => !function_exists("phpinfo"),
  "opcache" => function_exists("opcache_get_status") && opcache_get_status(false) !== false, "env" => array_keys(getenv()),
  "regex" => preg_replace('/(\w+) (\w+)/u', '$2 $1', "ü world"),
]);`})
	var got map[string]any
	if err := json.Unmarshal([]byte(body(t, w, filepath.Join(dir, "index.php"), "")), &got); err != nil {
		t.Fatal(err)
	}
	for k, want := range map[string]any{
		"memory": "99M", "set_memory": "99M", "memory_after": "77M",
		"set_locked": false, "locked": "9", "unlocked": false,
		"level": float64(32767 &^ 8192), "session": "/tmp", "tmp": "/tmp", "upload": "/tmp",
		"jit": "1", "user_ini": "", "disabled": true, "opcache": true, "regex": "world ü",
	} {
		if got[k] != want {
			t.Errorf("%s = %#v, want %#v", k, got[k], want)
		}
	}
}

// The functions that sites use to leave PHP, and what PHP answers. Outside the jail php-cgi does each of them.
func TestPHPDenials(t *testing.T) {
	const script = `<?php
function errno() { return error_get_last()["message"] ?? "no message"; }
$try = [
 "system" => fn() => system("echo broken") === "broken",
 "proc_open" => fn() => is_resource(@proc_open(["/bin/echo"], [], $p)),
 "popen" => fn() => is_resource(@popen("/bin/true", "r")),
 "shadow" => fn() => @file_get_contents("/etc/shadow") !== false,
 "own-code" => fn() => @file_put_contents(__FILE__, "x", FILE_APPEND) !== false,
 "self-mem" => fn() => @fopen("/proc/self/mem", "r+b") !== false,
 "tcp" => fn() => @fsockopen("127.0.0.1", 1, $e, $s, 1) !== false,
 "kill-parent" => fn() => posix_kill(posix_getppid(), 0),
 "mail" => fn() => @mail("a@example.org", "s", "b"),
 "tmp-works" => fn() => !file_put_contents(tempnam("/tmp", "x"), "x"),
 "session-works" => fn() => !(@session_start() && session_id()),
];
$out = [];
foreach ($try as $name => $f) { error_clear_last(); ob_start(); $r = (bool)$f(); ob_end_clean(); $out[$name] = $r; }
echo json_encode($out);`
	w, dir := startPHP(t, nil, map[string]string{"index.php": script})
	var got map[string]bool
	if err := json.Unmarshal([]byte(body(t, w, filepath.Join(dir, "index.php"), "")), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 11 {
		t.Fatalf("answers %v, want 11", got)
	}
	for name, escaped := range got {
		if escaped {
			t.Errorf("%s: worked", name)
		}
	}
}

// PHP's compiler for regular expressions works, and without it what was writable never becomes executable, and PHP does not mind.
func TestPHPJIT(t *testing.T) {
	const script = `<?php echo ini_get("pcre.jit"), preg_match('/^(a+)+$/', str_repeat('a', 50)), preg_last_error();`
	w, dir := startPHP(t, nil, map[string]string{"index.php": script})
	if got := body(t, w, filepath.Join(dir, "index.php"), ""); got != "110" {
		t.Errorf("by default: %q, want %q", got, "110")
	}
	for _, where := range []string{"ini", "locked_ini"} {
		w, dir = startPHP(t, func(p *config.Pool) {
			off := map[string]string{"pcre.jit": "0", "opcache.jit_buffer_size": "0"}
			if where == "ini" {
				p.PHP.INI = off
			} else {
				p.PHP.LockedINI = off
			}
			j := compile(t, *p, testHost())
			if !j.plan.MDWE {
				t.Errorf("%s pcre.jit = 0: the plan does not refuse executable memory", where)
			}
		}, map[string]string{"index.php": script})
		if got := body(t, w, filepath.Join(dir, "index.php"), ""); got != "010" {
			t.Errorf("%s pcre.jit = 0: %q, want %q", where, got, "010")
		}
	}
}

// The workers of a pool share its /tmp, another pool has another, and it outlives a worker.
func TestTmpIsThePools(t *testing.T) {
	h := needRoot(t)
	needPHP(t)
	dir := site(t, map[string]string{"index.php": `<?php if (isset($_GET["put"])) file_put_contents("/tmp/note", $_GET["put"]); echo @file_get_contents("/var/tmp/note");`})
	script := filepath.Join(dir, "index.php")
	s := newSpawner(t, Options{})
	a, b := phpPool(dir), phpPool(dir)
	b.Name = "other"
	ja, jb := compile(t, a, h), compile(t, b, h)
	for _, j := range []*Jail{ja, jb} {
		if err := s.AddPool(j); err != nil {
			t.Fatal(err)
		}
	}
	first := start(t, s, ja)
	if got := body(t, first, script, "put=kept"); got != "kept" {
		t.Fatalf("first worker reads %q", got)
	}
	first.Close()
	if got := body(t, start(t, s, ja), script, ""); got != "kept" {
		t.Errorf("second worker of the pool reads %q, want what the first wrote", got)
	}
	if got := body(t, start(t, s, jb), script, ""); got != "" {
		t.Errorf("worker of another pool reads %q, want nothing", got)
	}
	if _, err := os.Stat("/tmp/note"); err == nil {
		t.Error("the note is in the host's /tmp")
	}
}

// php-cgi's own ways to end are told apart.
func TestPHPExits(t *testing.T) {
	h := needRoot(t)
	needPHP(t)
	dir := site(t, map[string]string{"index.php": "<?php sleep(1); echo 'done';"})
	s := newSpawner(t, Options{})
	j := compile(t, phpPool(dir), h)
	if err := s.AddPool(j); err != nil {
		t.Fatal(err)
	}
	t.Run("term", func(t *testing.T) {
		w := start(t, s, j)
		w.Conn().Close() // it waits for a request on a kept connection otherwise
		if err := w.Term(); err != nil {
			t.Fatal(err)
		}
		if got := w.Wait(); got != (Exit{}) {
			t.Errorf("ended by %v, want exit code 0", got)
		}
		if err := w.Term(); err != nil {
			t.Errorf("a second Term: %v", err)
		}
	})
	t.Run("kill", func(t *testing.T) {
		w := start(t, s, j)
		if err := w.Kill(); err != nil {
			t.Fatal(err)
		}
		if got := w.Wait(); got != (Exit{Signal: syscall.SIGKILL}) {
			t.Errorf("ended by %v, want SIGKILL", got)
		}
	})
	t.Run("killed by another", func(t *testing.T) {
		w := start(t, s, j)
		if err := syscall.Kill(w.Pid(), syscall.SIGSEGV); err != nil {
			t.Fatal(err)
		}
		if got := w.Wait(); got != (Exit{Signal: syscall.SIGSEGV}) {
			t.Errorf("ended by %v, want SIGSEGV without a core", got)
		}
	})
	t.Run("dial", func(t *testing.T) {
		w := start(t, s, j)
		w.Conn().Close()
		c, err := w.Dial(startContext(t))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		out, _, err := get(c, filepath.Join(dir, "index.php"), "", false)
		if err != nil || !bytes.HasSuffix([]byte(out), []byte("done")) {
			t.Errorf("on a second connection: %q, %v", out, err)
		}
	})
	t.Run("stdout and stderr are the log", func(t *testing.T) {
		p := pool("sh", "/usr/bin/php-cgi", "-d", "zend_extension=/nonexistent.so")
		p.Jail.Read = []string{dir}
		j := compile(t, p, h)
		if err := s.AddPool(j); err != nil {
			t.Fatal(err)
		}
		w, err := s.Start(startContext(t), j, "log", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Conn().Close()
		defer w.Log().Close()
		b := make([]byte, 4096)
		n, err := w.Log().Read(b)
		if err != nil || !strings.Contains(string(b[:n]), "nonexistent.so") {
			t.Errorf("log reads %q, %v; want PHP's complaint", b[:n], err)
		}
		w.Close()
	})
}
