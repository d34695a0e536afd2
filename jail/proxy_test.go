package jail

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestProxy(t *testing.T) {
	h := needRoot(t)
	s := newSpawner(t, Options{})
	j, err := CompileProxy(siteUID+1, siteUID+1, h)
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Open(filepath.Join(bin, "worker"))
	if err != nil {
		t.Fatal(err)
	}
	defer exe.Close()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	theirs := os.NewFile(uintptr(pair[1]), "theirs")
	ours := os.NewFile(uintptr(pair[0]), "ours")
	defer ours.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	lf, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer lf.Close()
	w, err := s.StartProxy(j, exe, []string{"jpm: proxy", "proxy"}, []*os.File{theirs, lf})
	theirs.Close()
	if err != nil {
		t.Fatal(err)
	}
	drain(t, w)
	if w.Conn() != nil {
		t.Error("the proxy has a connection")
	}

	up, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Sendmsg(pair[0], []byte("x"), unix.UnixRights(up[1]), nil, 0); err != nil {
		t.Fatal(err)
	}
	unix.Close(up[1])
	worker := os.NewFile(uintptr(up[0]), "worker")
	defer worker.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	client.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(client, "a request"); err != nil {
		t.Fatal(err)
	}
	client.Close()
	if got, err := io.ReadAll(worker); err != nil || string(got) != "a request" {
		t.Errorf("relayed %q, %v", got, err)
	}
	b := make([]byte, 1024)
	n, err := ours.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	const want = `uid 64202, fds 01234, open open /etc/passwd: no such file or directory, dir open /: no such file or directory, ` +
		`dial dial tcp 127.0.0.1:1: socket: operation not permitted, fork operation not permitted, kill operation not permitted, args ["proxy"], env 1`
	if got := string(b[:n]); got != want {
		t.Errorf("the proxy says\n%s\nwant\n%s", got, want)
	}
	if got := w.Wait(); got != (Exit{}) {
		t.Errorf("ended by %v, want exit code 0", got)
	}
}
