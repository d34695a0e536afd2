package master

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func listenHere(t *testing.T, path string) (*listener, error) {
	t.Helper()
	l, err := listenUnix(path, uint32(os.Getuid()), uint32(os.Getgid()), 0o640, 16)
	if err == nil {
		t.Cleanup(l.close)
	}
	return l, err
}

func TestListenUnix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "made", "s.sock")
	l, err := listenHere(t, path)
	if err != nil {
		t.Fatal(err)
	}
	fi, err := os.Stat(path)
	if err != nil || fi.Mode().Perm() != 0o640 || fi.Mode().Type() != os.ModeSocket {
		t.Errorf("Stat() = %v, %v, want a socket of mode 0640", fi, err)
	}
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()

	if _, err := listenHere(t, path); err == nil || !strings.Contains(err.Error(), "another process listens there") {
		t.Errorf("second listen = %v, want another process listens there", err)
	}
	l.close()
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("after close: Lstat() = %v, want no file", err)
	}
}

// A socket file whose owner was killed is replaced.
func TestListenUnixStale(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	ln.SetUnlinkOnClose(false)
	ln.Close()
	if _, err := listenHere(t, path); err != nil {
		t.Error(err)
	}
}

// Somebody's file is never removed, neither at the start nor at the end.
func TestListenUnixKeepsOthersFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	if err := os.WriteFile(path, []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := listenHere(t, path); err == nil || !strings.Contains(err.Error(), "not a socket") {
		t.Errorf("listen over a file = %v, want not a socket", err)
	}
	other := filepath.Join(t.TempDir(), "s")
	l, err := listenHere(t, other)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(other); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l.close()
	if _, err := os.Stat(other); err != nil {
		t.Errorf("close removed a file that is not its own: %v", err)
	}
}

func TestListenTCP(t *testing.T) {
	l, err := listenTCP("127.0.0.1:0", 7)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	ln, err := net.FileListener(l.file)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if _, err := listenTCP(ln.Addr().String(), 7); err == nil {
		t.Error("second listen worked")
	}
}
