package jail

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"jpm/config"
)

// needRoot skips a test that needs root, or fails it where skips are not allowed.
func needRoot(t testing.TB) *Host {
	t.Helper()
	if os.Geteuid() != 0 {
		unavailable(t, "needs root")
	}
	h, err := Probe()
	if err != nil {
		unavailable(t, err.Error())
	}
	return h
}

func needPHP(t testing.TB) {
	t.Helper()
	if _, err := os.Stat(phpCGI); err != nil {
		unavailable(t, "needs php-cgi: "+err.Error())
	}
}

func unavailable(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("JPM_TEST_MUST_RUN") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}

const (
	phpCGI  = "/usr/bin/php-cgi"
	siteUID = 64201
)

// site makes a directory of a test's own that a jail can have. os.MkdirTemp alone would put it under /tmp, which jails have
// of their own.
func site(t testing.TB, files map[string]string) string {
	t.Helper()
	dir, err := os.MkdirTemp("/var/lib", "jpm-site-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// pool is a pool as the configuration's defaults make it.
func pool(name string, command ...string) config.Pool {
	return config.Pool{
		Name: name, User: "site", UID: siteUID, GID: siteUID, Command: command,
		Limits: config.Limits{Files: 1024, FileSize: 1 << 30, Tmp: 64 << 20},
		Jail:   config.Jail{Network: "none", Seccomp: "php", Landlock: true, Umask: "0022", Mask: 0o022},
	}
}

func phpPool(dir string) config.Pool {
	p := pool("shop", phpCGI)
	p.Jail.Read = []string{dir}
	p.Scripts.Root = dir
	return p
}

// workerPool runs the Go program of testdata/worker.
func workerPool() config.Pool {
	p := pool("native", filepath.Join(bin, "worker"))
	p.Jail.Exec = []string{bin}
	return p
}

func newSpawner(t testing.TB, o Options) *Spawner {
	t.Helper()
	o.Init = filepath.Join(bin, "jpm-init")
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	s, err := NewSpawner(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func compile(t testing.TB, p config.Pool, h *Host) *Jail {
	t.Helper()
	j, err := Compile(p, h)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// start starts a worker of a new pool and reads its log to the end of the test.
func start(t testing.TB, s *Spawner, j *Jail) *Worker {
	t.Helper()
	w, err := s.Start(startContext(t), j, j.Name()+"/0", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close(); w.Conn().Close() })
	drain(t, w)
	return w
}

func startContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func drain(t testing.TB, w *Worker) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		lines := bufio.NewScanner(w.Log())
		for lines.Scan() {
			t.Log("worker:", lines.Text())
		}
		w.Log().Close()
	}()
	t.Cleanup(func() { w.Close(); <-done })
}

// record frames one FastCGI record of request 1.
func record(kind byte, content []byte) []byte {
	h := []byte{1, kind, 0, 1, 0, 0, 0, 0}
	binary.BigEndian.PutUint16(h[4:], uint16(len(content)))
	return append(h, content...)
}

// get sends one request by hand and reads the answer's stdout and stderr. keep keeps the connection.
func get(c *os.File, script, query string, keep bool) (out, stderr string, err error) {
	var params []byte
	for k, v := range map[string]string{"SCRIPT_FILENAME": script, "SCRIPT_NAME": "/x", "REQUEST_URI": "/x?" + query, "REQUEST_METHOD": "GET", "QUERY_STRING": query, "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "localhost"} {
		params = append(append(append(params, byte(len(k)), byte(len(v))), k...), v...)
	}
	flags := byte(0)
	if keep {
		flags = 1
	}
	msg := record(1, []byte{0, 1, flags, 0, 0, 0, 0, 0})
	msg = append(msg, record(4, params)...)
	msg = append(msg, record(4, nil)...)
	msg = append(msg, record(5, nil)...)
	if _, err := c.Write(msg); err != nil {
		return "", "", err
	}
	c.SetReadDeadline(time.Now().Add(20 * time.Second))
	var o, e bytes.Buffer
	for {
		var h [8]byte
		if _, err := io.ReadFull(c, h[:]); err != nil {
			return o.String(), e.String(), fmt.Errorf("record header: %w", err)
		}
		body := make([]byte, int(binary.BigEndian.Uint16(h[4:]))+int(h[6]))
		if _, err := io.ReadFull(c, body); err != nil {
			return o.String(), e.String(), fmt.Errorf("record body: %w", err)
		}
		body = body[:len(body)-int(h[6])]
		switch h[1] {
		case 6:
			o.Write(body)
		case 7:
			e.Write(body)
		case 3:
			return o.String(), e.String(), nil
		}
	}
}

// body asks for a script and gives what follows the headers.
func body(t testing.TB, w *Worker, script, query string) string {
	t.Helper()
	out, stderr, err := get(w.Conn(), script, query, true)
	if err != nil {
		t.Fatalf("request: %v (stderr %q, stdout %q)", err, stderr, out)
	}
	if stderr != "" {
		t.Log("stderr:", stderr)
	}
	_, b, ok := strings.Cut(out, "\r\n\r\n")
	if !ok {
		t.Fatalf("answer without headers: %q", out)
	}
	return b
}
