package main

import (
	"net"
	"os"
	"os/exec"
	"strconv"

	"golang.org/x/sys/unix"
)

// What Landlock has a right for, in JPM_BEYOND, a directory whose mount and modes allow everything.
func init() {
	beyond := func(name string) string { return env("BEYOND") + "/" + name }
	for name, f := range map[string]func() error{
		"ll-read-dir":    func() error { _, err := os.ReadDir(beyond("")); return err },
		"ll-read-file":   func() error { return read(beyond("file")) },
		"ll-write-file":  func() error { return open(beyond("file"), unix.O_WRONLY) },
		"ll-truncate":    func() error { return unix.Truncate(beyond("file"), 1) },
		"ll-make-reg":    func() error { return open(beyond("reg"), unix.O_RDONLY|unix.O_CREAT|unix.O_EXCL) },
		"ll-make-dir":    func() error { return unix.Mkdir(beyond("dir"), 0o755) },
		"ll-make-sym":    func() error { return unix.Symlink("file", beyond("sym")) },
		"ll-make-fifo":   func() error { return unix.Mknod(beyond("fifo"), unix.S_IFIFO|0o600, 0) },
		"ll-make-char":   func() error { return unix.Mknod(beyond("char"), unix.S_IFCHR|0o600, 0) }, // 0:0 needs no capability
		"ll-make-sock":   func() error { return listen(beyond("sock")) },
		"ll-remove-file": func() error { return unix.Unlink(beyond("old")) },
		"ll-remove-dir":  func() error { return unix.Rmdir(beyond("olddir")) },
		"ll-execute":     func() error { return exec.Command(beyond("worker"), "try", "nothing").Run() },
		"ll-execute-own": func() error { return exec.Command(env("READ")+"/worker", "try", "nothing").Run() },
		"ll-write-own":   func() error { return open(env("READ")+"/file", unix.O_WRONLY) },
		"ll-ioctl-dev": func() error {
			fd, err := unix.Open("/dev/urandom", unix.O_RDONLY, 0)
			if err != nil {
				return err
			}
			defer unix.Close(fd)
			_, err = unix.IoctlGetInt(fd, unix.RNDGETENTCNT)
			return err
		},
		"ll-bind-tcp": func() error {
			fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
			if err != nil {
				return err
			}
			defer unix.Close(fd)
			return unix.Bind(fd, &unix.SockaddrInet4{})
		},
		"ll-move":        func() error { return unix.Rename(env("WRITE")+"/a/x", env("WRITE")+"/b/x") },
		"ll-move-within": func() error { return unix.Rename(env("WRITE")+"/a/y", env("WRITE")+"/a/z") },
	} {
		probes[name] = f
	}
}

func listen(path string) error {
	l, err := net.Listen("unix", path)
	if err == nil {
		l.Close()
	}
	return err
}

func kill(pid string) error {
	n, err := strconv.Atoi(pid)
	if err != nil {
		return err
	}
	return unix.Kill(n, 0)
}
