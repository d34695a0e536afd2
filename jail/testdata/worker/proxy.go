package main

import (
	"fmt"
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// proxy plays jpm's proxy: descriptor 3 is a socket to the test, 4 a TCP listener of the host's network. It accepts one connection,
// takes a descriptor over the socket, relays one line, and tells what it could do.
func proxy() error {
	f := os.NewFile(3, "link")
	c, err := net.FileConn(f)
	if err != nil {
		return err
	}
	f.Close()
	link := c.(*net.UnixConn)
	l, err := net.FileListener(os.NewFile(4, "listener"))
	if err != nil {
		return err
	}
	b, oob := make([]byte, 1), make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := link.ReadMsgUnix(b, oob)
	if err != nil {
		return err
	}
	msgs, err := unix.ParseSocketControlMessage(oob[:n])
	if err != nil {
		return err
	}
	fds, err := unix.ParseUnixRights(&msgs[0])
	if err != nil {
		return err
	}
	uf := os.NewFile(uintptr(fds[0]), "worker")
	up, err := net.FileConn(uf)
	if err != nil {
		return err
	}
	uf.Close()
	client, err := l.Accept()
	if err != nil {
		return err
	}
	if _, err := io.Copy(up, client); err != nil { // splice is refused and falls back
		return err
	}
	up.(*net.UnixConn).CloseWrite()

	_, openErr := os.ReadFile("/etc/passwd")
	_, dirErr := os.ReadDir("/")
	_, dialErr := net.Dial("tcp", "127.0.0.1:1")
	_, forkErr := forkExit()
	killErr := unix.Kill(os.Getppid(), 0)
	names := ""
	for fd := range 64 {
		var st unix.Stat_t
		if unix.Fstat(fd, &st) == nil && fd < 5 {
			names += fmt.Sprint(fd)
		}
	}
	_, err = fmt.Fprintf(link, "uid %d, fds %s, open %v, dir %v, dial %v, fork %v, kill %v, args %q, env %d",
		os.Getuid(), names, openErr, dirErr, dialErr, forkErr, killErr, os.Args[1:], len(os.Environ()))
	return err
}
