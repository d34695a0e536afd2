package jail

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// BenchmarkStart measures from the start of a php-cgi to its first answer, jailed and bare.
func BenchmarkStart(b *testing.B) {
	h := needRoot(b)
	needPHP(b)
	dir := site(b, map[string]string{"index.php": "<?php echo 'hello';"})
	script := filepath.Join(dir, "index.php")
	b.Run("jailed", func(b *testing.B) {
		s := newSpawner(b, Options{})
		j := compile(b, phpPool(dir), h)
		if err := s.AddPool(j); err != nil {
			b.Fatal(err)
		}
		ctx := startContext(b)
		for b.Loop() {
			w, err := s.Start(ctx, j, "bench", nil)
			if err != nil {
				b.Fatal(err)
			}
			if _, _, err := get(w.Conn(), script, "", true); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			w.Close()
			w.Conn().Close()
			w.Log().Close()
			b.StartTimer()
		}
	})
	b.Run("bare", func(b *testing.B) {
		for b.Loop() {
			sock := filepath.Join(b.TempDir(), "s")
			fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				b.Fatal(err)
			}
			l := os.NewFile(uintptr(fd), sock)
			unix.Bind(fd, &unix.SockaddrUnix{Name: sock})
			unix.Listen(fd, 8)
			cfd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
			if err != nil {
				b.Fatal(err)
			}
			if err := unix.Connect(cfd, &unix.SockaddrUnix{Name: sock}); err != nil {
				b.Fatal(err)
			}
			c := os.NewFile(uintptr(cfd), "c")
			cmd := exec.Command(phpCGI)
			cmd.Stdin = l
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: siteUID, Gid: siteUID}}
			if err := cmd.Start(); err != nil {
				b.Fatal(err)
			}
			if _, _, err := get(c, script, "", true); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			cmd.Process.Kill()
			cmd.Wait()
			c.Close()
			l.Close()
			b.StartTimer()
		}
	})
}
