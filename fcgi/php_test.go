package fcgi

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"jpm/test/port"
)

// need finds a program, and skips the test where it is not installed, unless the tests must run.
func need(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && os.Getenv("JPM_TEST_MUST_RUN") == "1" {
		t.Fatalf("%s: %v", name, err)
	}
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	return path
}

// child starts a program that dies with the test.
func child(t testing.TB, stdin *os.File, env []string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	if stdin != nil {
		cmd.Stdin = stdin
	}
	cmd.Env = env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
	return cmd
}

// phpWorkers starts php-cgi processes, each with a listener of its own, and lends connections to them.
func phpWorkers(t testing.TB, n int) (*lender, []*exec.Cmd) {
	t.Helper()
	php := need(t, "php-cgi")
	dir := t.TempDir()
	free := make(chan string, n)
	var cmds []*exec.Cmd
	for i := range n {
		path := fmt.Sprintf("%s/w%d", dir, i)
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		f := os.NewFile(uintptr(fd), path)
		if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
			t.Fatal(err)
		}
		if err := unix.Listen(fd, 8); err != nil {
			t.Fatal(err)
		}
		cmds = append(cmds, child(t, f, []string{"PHP_FCGI_MAX_REQUESTS=0", "PATH=/usr/bin:/bin"}, php, "-d", "post_max_size=300M"))
		_ = f.Close()
		free <- path
	}
	paths := map[*Conn]string{}
	l := newLender(t, n, func() (*Conn, error) {
		path := <-free
		c, err := net.Dial("unix", path)
		if err != nil {
			return nil, err
		}
		w, err := NewConn(c)
		paths[w] = path
		return w, err
	})
	l.lost = func(c *Conn) { free <- paths[c] }
	return l, cmds
}

// nginx starts one with a server on a port of its own, which it returns.
func nginx(t testing.TB, root, socket, location, upstream string) string {
	t.Helper()
	bin := need(t, "nginx")
	n, release, err := port.Hold()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	addr := fmt.Sprintf("127.0.0.1:%d", n)
	dir := t.TempDir()
	conf := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log %[1]s/error.log warn; worker_processes 1;
events { worker_connections 512; }
http {
	access_log off; client_max_body_size 200m;
	client_body_temp_path %[1]s/body; fastcgi_temp_path %[1]s/fastcgi; proxy_temp_path %[1]s/proxy; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
	upstream app { server unix:%[2]s; %[3]s }
	server {
		listen %[4]s; root %[5]s;
		location / { include /etc/nginx/fastcgi.conf; fastcgi_pass app; %[6]s }
	}
}`, dir, socket, upstream, addr, root, location)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	child(t, nil, nil, bin, "-c", conf, "-e", dir+"/error.log")
	t.Cleanup(func() {
		if b, err := os.ReadFile(dir + "/error.log"); err == nil && len(b) > 0 && (t.Failed() || testing.Verbose()) {
			t.Logf("nginx said:\n%s", b)
		}
	})
	for deadline := time.Now().Add(patienceOf); ; time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", addr); err == nil {
			_ = c.Close()
			return addr
		}
		if time.Now().After(deadline) {
			t.Fatal("nginx does not listen")
		}
	}
}

// TestPHPParams sends php-cgi what it cannot take as it is: pairs split over records, padding that crosses 65535, and more than one record.
func TestPHPParams(t *testing.T) {
	l, _ := phpWorkers(t, 1)
	script := filepath.Join(t.TempDir(), "size.php")
	if err := os.WriteFile(script, []byte(`<?php echo strlen($_SERVER['HTTP_A'] ?? ''), ' ', strlen($_SERVER['HTTP_B'] ?? ''), ' ', $_SERVER['HTTP_C'];`), 0o600); err != nil {
		t.Fatal(err)
	}
	path := listen(t, &Proxy{Pick: l.pick})
	for _, n := range []int{10, 200, 30_000, 60_000} {
		all := pairs("HTTP_A", strings.Repeat("a", n), "REDIRECT_STATUS", "200", "REQUEST_METHOD", "GET", "SCRIPT_FILENAME", script,
			"HTTP_B", strings.Repeat("b", n), "HTTP_C", "end")
		want := fmt.Sprintf("%d %d end", n, n)
		for _, size := range []int{1000, 4093, maxContent} {
			c := dial(t, path)
			request := begin(1, Responder, 0)
			for rest := all; len(rest) > 0; {
				k := min(size, len(rest))
				request = append(request, rec(recParams, 1, rest[:k], 255)...)
				rest = rest[k:]
			}
			c.send(request, rec(recParams, 1, "", 255), rec(recStdin, 1, "", 255))
			out, ended := readAnswer(c, 1)
			if _, body, _ := strings.Cut(string(out), "\r\n\r\n"); body != want || !ended {
				t.Errorf("%d bytes in records of %d: %q, want %q", len(all), size, body, want)
			}
		}
	}
	for _, o := range l.outcomes() {
		if o != Reuse {
			t.Errorf("outcomes %v", l.outcomes())
			break
		}
	}
}
