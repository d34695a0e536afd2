//go:build integration

package test

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestWorkerStart: a worker begins as FastCGI says, with its listening socket for its descriptor 0 and its own name for its first argument,
// and without FCGI_WEB_SERVER_ADDRS, which would have it refuse the proxy. Descriptors 1 and 2, which FastCGI wants closed, are a log pipe:
// else the first file that a worker opens would be its standard output.
func TestWorkerStart(t *testing.T) {
	t.Setenv("FCGI_WEB_SERVER_ADDRS", "192.0.2.1")
	j := startJPM(t, scripted())
	worker := j.pool().Workers[0].Pid
	read := func(name string) string {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", worker, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	socket, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/0", worker))
	if err != nil {
		t.Fatal(err)
	}
	inode := strings.TrimSuffix(strings.TrimPrefix(socket, "socket:["), "]")
	listens := false
	sockets, err := os.ReadFile("/proc/net/unix")
	if err != nil {
		t.Fatal(err)
	}
	for l := range strings.Lines(string(sockets)) {
		// Num RefCount Protocol Flags Type St Inode Path; the flag is __SO_ACCEPTCON.
		if f := strings.Fields(l); len(f) > 6 && f[6] == inode {
			listens = f[3] == "00010000"
		}
	}
	if !listens {
		t.Errorf("descriptor 0 is %s, no listening socket", socket)
	}
	for _, fd := range []string{"1", "2"} {
		if to, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", worker, fd)); err != nil || !strings.HasPrefix(to, "pipe:") {
			t.Errorf("descriptor %s is %s, error %v; want a pipe", fd, to, err)
		}
	}
	if first, _, _ := strings.Cut(read("cmdline"), "\x00"); !strings.HasSuffix(first, "worker") {
		t.Errorf("the first argument is %q", first)
	}
	if env := read("environ"); strings.Contains(env, "FCGI_WEB_SERVER_ADDRS") {
		t.Errorf("the environment is %q", env)
	}
}
