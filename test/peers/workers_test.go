//go:build integration

package peers

import (
	"io"
	"net/http"
	stdfcgi "net/http/fcgi"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"jpm/fcgi"
)

// peer is a kind of worker, which says back what it is sent.
type peer struct {
	name   string
	keeps  bool // it serves more than one request on a connection
	stderr bool // what it complains of comes in STDERR
	start  func(t *testing.T, socket string) (pid int, script string)
}

var peerWorkers = []peer{
	{"libfcgi", true, true, func(t *testing.T, socket string) (int, string) { return onStdin(t, socket, libfcgi(t)), "/echo" }},
	{"Perl", true, true, func(t *testing.T, socket string) (int, string) {
		need(t, "perl", "/usr/lib/x86_64-linux-gnu/perl5/5.36/FCGI.pm")
		return onStdin(t, socket, "perl", "testdata/workers/echo.pl"), "/echo"
	}},
	{"fcgiwrap", true, true, func(t *testing.T, socket string) (int, string) {
		need(t, "fcgiwrap")
		script, err := filepath.Abs("testdata/workers/echo.cgi")
		if err != nil {
			t.Fatal(err)
		}
		return onStdin(t, socket, "fcgiwrap", "-f"), script
	}},
	{"Go", true, false, func(t *testing.T, socket string) (int, string) {
		program, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		f := listener(t, socket)
		defer f.Close()
		cmd, _ := start(t, f, []string{asWorker + "=go"}, program)
		return cmd.Process.Pid, "/echo"
	}},
	{"uWSGI, Python", false, false, func(t *testing.T, socket string) (int, string) {
		need(t, "uwsgi")
		cmd, _ := start(t, nil, nil, "uwsgi", "--plugin", "python3", "--fastcgi-socket", socket, "--wsgi-file", "testdata/workers/echo.py",
			"--need-app", "--disable-logging", "--buffer-size", "65535", "--single-interpreter")
		waitListening(t, "unix", socket)
		return cmd.Process.Pid, "/echo"
	}},
}

// onStdin starts a worker that finds its listening socket at descriptor 0.
func onStdin(t *testing.T, socket string, args ...string) int {
	t.Helper()
	f := listener(t, socket)
	defer f.Close()
	cmd, _ := start(t, f, nil, args...)
	return cmd.Process.Pid
}

// libfcgi compiles the worker in C.
func libfcgi(t *testing.T) string {
	t.Helper()
	need(t, "gcc", "/usr/include/fcgiapp.h")
	program := filepath.Join(t.TempDir(), "echo")
	if out, err := exec.Command("gcc", "-O1", "-Wall", "-Werror", "-o", program, "testdata/workers/echo.c", "-lfcgi").CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	return program
}

// goWorker is a worker of Go's own package, in place of the test program.
func goWorker() {
	block := strings.Repeat("x", 1024)
	err := stdfcgi.Serve(nil, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		if n, err := strconv.Atoi(r.URL.Query().Get("kib")); err == nil {
			for ; n > 0 && err == nil; n-- {
				_, err = io.WriteString(w, block)
			}
			return
		}
		_, _ = io.WriteString(w, r.Method+" ")
		_, _ = io.Copy(w, r.Body)
	}))
	if err != nil {
		os.Exit(1)
	}
}

// request is a whole request for an echo.
func request(id uint16, script, method, query, body string) string {
	params := pairs("REQUEST_METHOD", method, "QUERY_STRING", query, "CONTENT_LENGTH", strconv.Itoa(len(body)), "SCRIPT_FILENAME", script,
		"SCRIPT_NAME", "/echo", "REQUEST_URI", "/echo?"+query, "SERVER_PROTOCOL", "HTTP/1.1", "SERVER_NAME", "site.test", "SERVER_PORT", "80",
		"HTTP_HOST", "site.test", "REMOTE_ADDR", "127.0.0.1", "CONTENT_TYPE", "application/octet-stream")
	return begin(id, responder) + stream(paramsRecord, id, params, 65535) + stream(stdinRecord, id, body, 32<<10)
}

// wantBody fails the test unless a request got an answer with this body.
func (r reply) wantBody(t *testing.T, what, body string) {
	t.Helper()
	_, got, ok := strings.Cut(r.stdout, "\r\n\r\n")
	if r.err != nil || !ok || got != body {
		t.Errorf("%s: %q, error %v; want %q", what, clip(r.stdout), r.err, clip(body))
	}
	if r.err == nil && r.end != strings.Repeat("\x00", 8) {
		t.Errorf("%s: END_REQUEST with %q", what, r.end)
	}
}

// TestWorkers has each kind of worker behind the relay: pages, input, big answers, STDERR, and clients that leave.
func TestWorkers(t *testing.T) {
	for _, p := range peerWorkers {
		t.Run(p.name, func(t *testing.T) {
			socket := socketPath(openDir(t), 0)
			pid, script := p.start(t, socket)
			w := lend(t, map[string]int{socket: pid})
			w.once = !p.keeps
			r := serve(t, w)
			c := dial(t, r.unix)
			ask := func(id uint16, method, query, body string) reply {
				c.send(request(id, script, method, query, body))
				return c.reply(id)
			}
			for id := range uint16(5) {
				ask(id+1, "GET", "", "").wantBody(t, "GET", "GET ")
			}
			for _, size := range []int{1, 1000, 8192, 65536, 300_001, 1 << 20} {
				body := strings.Repeat("jpm", size/3+1)[:size]
				ask(1, "POST", "", body).wantBody(t, "POST", "POST "+body)
			}
			ask(0xffff, "GET", "kib=4096", "").wantBody(t, "a big answer", strings.Repeat("x", 4<<20))
			if p.stderr {
				ask(1, "GET", "stderr", "").wantBody(t, "a page with STDERR", "GET ")
				w.mu.Lock()
				if !strings.Contains(w.stderr.String(), "a complaint") {
					t.Errorf("STDERR is %q", w.stderr.String())
				}
				w.mu.Unlock()
			}
			for _, o := range w.outcomes() {
				if o != fcgi.Reuse {
					t.Errorf("the worker was found %v, want %v", w.outcomes(), fcgi.Reuse)
					break
				}
			}
			for range 2 {
				gone := dial(t, r.unix)
				gone.send(request(1, script, "GET", "kib=262144", ""))
				_, _ = io.ReadFull(gone, make([]byte, 1<<16))
				_ = gone.Close()
				ask(1, "POST", "", "a body").wantBody(t, "after a client left", "POST a body")
			}
			w.wantNoHarm(t)
		})
	}
}

// TestRoles has a worker of libfcgi be asked as an Authorizer, which has no input, and as a Filter, which has two.
func TestRoles(t *testing.T) {
	socket := socketPath(openDir(t), 0)
	w := lend(t, map[string]int{socket: onStdin(t, socket, libfcgi(t))})
	r := serve(t, w)
	c := dial(t, r.unix)
	for range 3 {
		c.send(begin(1, authorizer) + stream(paramsRecord, 1, pairs("REQUEST_METHOD", "GET", "SCRIPT_FILENAME", "/echo"), 100))
		if got := c.reply(1); got.err != nil || got.stdout != "Status: 200 OK\r\nVariable-AUTH: yes\r\n\r\n" {
			t.Errorf("Authorizer: %+v", got)
		}
		c.send(begin(2, filter) + stream(paramsRecord, 2, pairs("REQUEST_METHOD", "POST", "CONTENT_LENGTH", "5", "FCGI_DATA_LENGTH", "100000",
			"FCGI_DATA_LAST_MOD", "0", "SCRIPT_FILENAME", "/echo"), 100) + stream(stdinRecord, 2, "input", 2) + stream(dataRecord, 2, strings.Repeat("d", 100_000), 9999))
		c.reply(2).wantBody(t, "Filter", "POST input|"+strings.Repeat("d", 100_000))
	}
	c.send(request(3, "/echo", "GET", "exit=3", ""))
	if got := c.reply(3); got.end != "\x00\x00\x00\x03\x00\x00\x00\x00" {
		t.Errorf("END_REQUEST %q, want the application's status of 3", got.end)
	}
	w.wantNoHarm(t)
}
