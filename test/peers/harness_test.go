//go:build integration

package peers

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"jpm/test/port"
)

// patience is how long the tests wait for what must happen soon.
const patience = time.Minute

// asWorker names, in the environment, the worker that the test program is to be instead of a test.
const asWorker = "JPM_PEERS_WORKER"

func TestMain(m *testing.M) {
	if os.Getenv(asWorker) == "go" {
		goWorker()
		return
	}
	os.Exit(m.Run())
}

// need finds programs and files, and skips the test where one is missing, unless the tests must run.
func need(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		_, err := exec.LookPath(name)
		if filepath.IsAbs(name) {
			_, err = os.Stat(name)
		}
		switch {
		case err == nil:
		case os.Getenv("JPM_TEST_MUST_RUN") == "1":
			t.Fatalf("%s is missing, test/setup installs it: %v", name, err)
		default:
			t.Skipf("%s is missing: test/setup installs it", name)
		}
	}
}

// openDir is a directory that every account can enter, removed with the test. The testing package's own is closed to web servers that
// give up root.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "jpm-peers-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// site is a copy of testdata/site where every account can read it.
func site(t *testing.T) string {
	t.Helper()
	root := filepath.Join(openDir(t), "site")
	if err := os.CopyFS(root, os.DirFS("testdata/site")); err != nil {
		t.Fatal(err)
	}
	return root
}

// write puts a file into dir.
func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// output collects what a process prints.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer // guarded by mu
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// start runs a program until the end of the test, in a process group of its own that ends with it. If it listens, stdin is its socket.
func start(t *testing.T, stdin *os.File, env []string, args ...string) (*exec.Cmd, *output) {
	t.Helper()
	out := &output{}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append([]string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, env...)
	cmd.Stdout, cmd.Stderr = out, out
	if stdin != nil {
		cmd.Stdin = stdin
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s printed:\n%s", filepath.Base(args[0]), out)
		}
	})
	return cmd, out
}

// freeAddr is an address of the loopback that is the test's own until its end.
func freeAddr(t *testing.T) string {
	t.Helper()
	n, release, err := port.Hold()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return fmt.Sprintf("127.0.0.1:%d", n)
}

// portOf is the port of an address.
func portOf(addr string) string {
	_, p, _ := net.SplitHostPort(addr)
	return p
}

// waitListening waits until somebody listens.
func waitListening(t *testing.T, network, addr string) {
	t.Helper()
	eventually(t, addr+" is listened on", func() bool {
		c, err := net.Dial(network, addr)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
}

// eventually waits until ok holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// listener is a new listening socket, as a file that a worker can have for its descriptor 0.
func listener(t *testing.T, path string) *os.File {
	t.Helper()
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	ln.SetUnlinkOnClose(false)
	defer ln.Close()
	f, err := ln.File()
	if err != nil {
		t.Fatal(err)
	}
	// What has a Go program made of it waits for nothing; a worker's accept has to.
	if err := syscall.SetNonblock(int(f.Fd()), false); err != nil {
		t.Fatal(err)
	}
	return f
}

// clip bounds what a failure prints.
func clip(s string) string {
	if len(s) > 300 {
		return strconv.Itoa(len(s)) + " bytes: " + s[:300] + "…"
	}
	return s
}

// socketPath is where the socket of worker n is.
func socketPath(dir string, n int) string { return fmt.Sprintf("%s/worker%d.sock", dir, n) }
