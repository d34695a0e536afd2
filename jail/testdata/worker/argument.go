package main

import (
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// arguments are probes that are told what to try it on: "peek:/etc/shadow". In the argument $NAME is what the test calls JPM_NAME.
var arguments = map[string]func(arg string) error{
	"peek":    peek,
	"list":    func(p string) error { _, err := os.ReadDir(p); return err },
	"open":    func(p string) error { return open(p, unix.O_RDONLY) },
	"openw":   func(p string) error { return open(p, unix.O_WRONLY) },
	"connect": connect,
	"dial":    dial,
	"kill":    func(pid string) error { return unix.Kill(number(pid), 0) },
	"family":  family,
	"netlink": func(n string) error { return socket(unix.AF_NETLINK, unix.SOCK_RAW, number(n)) },
}

// withArgument finds the probe of "name:argument".
func withArgument(name string) (f func(string) error, arg string, ok bool) {
	name, arg, _ = strings.Cut(name, ":")
	f, ok = arguments[name]
	return f, os.Expand(arg, env), ok
}

// number is 0 for what is none, which no probe is meant to name.
func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// peek reads a little: some files of /proc have no end.
func peek(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.ReadFull(f, make([]byte, 1))
	return err
}

// open neither reads nor writes: that it may is enough.
func open(path string, flags int) error {
	fd, err := unix.Open(path, flags|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err == nil {
		unix.Close(fd)
	}
	return err
}

func connect(path string) error {
	c, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		c.Close()
	}
	return err
}

func dial(address string) error {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err == nil {
		c.Close()
	}
	return err
}

// family makes a socket of an address family, of whatever type it has. It is never bound nor connected.
func family(n string) error {
	var err error
	for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_SEQPACKET, unix.SOCK_RAW} {
		protocol := 0
		if number(n) == unix.AF_KEY {
			protocol = 2 // PF_KEY_V2
		}
		if err = socket(number(n), kind, protocol); err == nil || err == unix.EAFNOSUPPORT {
			return err
		}
	}
	return err
}
