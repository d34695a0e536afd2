package main

import (
	"maps"
	"net"
	"unsafe"

	"golang.org/x/sys/unix"
)

// options are socket options that opened a kernel before, or see what is not the site's.
var options = map[string]func() error{
	"ulp":         option(unix.SOCK_STREAM, func(fd int) error { return unix.SetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_ULP, "tls") }),
	"udp-encap":   option(unix.SOCK_DGRAM, func(fd int) error { return unix.SetsockoptInt(fd, unix.IPPROTO_UDP, 100, 2) }),
	"iptables":    option(unix.SOCK_STREAM, func(fd int) error { return unix.SetsockoptInt(fd, unix.IPPROTO_IP, 64, 0) }),
	"filter":      option(unix.SOCK_DGRAM, attach),
	"bind-device": option(unix.SOCK_DGRAM, func(fd int) error { return unix.SetsockoptString(fd, unix.SOL_SOCKET, unix.SO_BINDTODEVICE, "lo") }),
	"repair":      option(unix.SOCK_STREAM, func(fd int) error { return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_REPAIR, 1) }),
	"ip-options": option(unix.SOCK_DGRAM, func(fd int) error {
		return unix.SetsockoptString(fd, unix.IPPROTO_IP, unix.IP_OPTIONS, "\x01\x01\x01\x00")
	}),
	"mark":       option(unix.SOCK_DGRAM, func(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_MARK, 1) }),
	"congestion": option(unix.SOCK_STREAM, func(fd int) error { return unix.SetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION, "reno") }),
	"md5":        option(unix.SOCK_STREAM, func(fd int) error { return unix.SetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_MD5SIG, "short") }),
	"reuse-port": option(unix.SOCK_STREAM, func(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) }),
	"timestamp":  option(unix.SOCK_DGRAM, func(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPING, 0) }),
	"zerocopy":   option(unix.SOCK_STREAM, sendWithoutCopy),
}

func option(kind int, set func(fd int) error) func() error {
	return func() error {
		fd, err := unix.Socket(unix.AF_INET, kind|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		return set(fd)
	}
}

// attach filters the socket's packets by a program in the kernel: "take all".
func attach(fd int) error {
	all := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: 0xffff}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &all})
}

// sendWithoutCopy sends a page of its memory to itself.
func sendWithoutCopy(fd int) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ZEROCOPY, 1); err != nil {
		return err
	}
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer ln.Close()
	to := &unix.SockaddrInet4{Port: ln.Addr().(*net.TCPAddr).Port, Addr: [4]byte{127, 0, 0, 1}}
	if err := unix.Connect(fd, to); err != nil {
		return err
	}
	_, err = unix.SendmsgN(fd, make([]byte, 4096), nil, nil, unix.MSG_ZEROCOPY)
	return err
}

// requests are ioctls of terminals and network devices, asked of what is none: that the kernel says "no terminal" shows that it came so far.
var requests = map[string]uintptr{
	"push-input":      unix.TIOCSTI,
	"push-input-high": unix.TIOCSTI | 1<<32, // CVE-2019-10063: a filter that compares all 64 bits lets it pass
	"console":         unix.TIOCLINUX,
	"line-discipline": unix.TIOCSETD,
	"take-terminal":   unix.TIOCSCTTY,
	"ethtool":         unix.SIOCETHTOOL,
	"owner":           0x5452, // FIOASYNC
}

func init() {
	arguments["option"] = func(n string) error { return options[n]() }
	arguments["ioctl"] = func(n string) error {
		var p [2]int
		if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
			return err
		}
		defer unix.Close(p[0])
		defer unix.Close(p[1])
		fd := p[0]
		if n == "ethtool" {
			s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				return err
			}
			defer unix.Close(s)
			fd = s
		}
		var room [64]byte
		err := call(unix.SYS_IOCTL, uintptr(fd), requests[n], uintptr(unsafe.Pointer(&room)))
		if err != unix.ENOTTY {
			return err
		}
		// It asks terminals, and there has to be one.
		if err := open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY); err != nil {
			return err
		}
		return err
	}
	maps.Copy(probes, map[string]func() error{
		"out-of-band": func() error {
			pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				return err
			}
			defer unix.Close(pair[0])
			defer unix.Close(pair[1])
			return unix.Sendto(pair[0], []byte("x"), unix.MSG_OOB, nil)
		},
		"ping":      func() error { return socket(unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_ICMP) },
		"sctp":      func() error { return socket(unix.AF_INET, unix.SOCK_SEQPACKET, unix.IPPROTO_SCTP) },
		"mptcp":     func() error { return socket(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP) },
		"seqpacket": func() error { return socket(unix.AF_UNIX, unix.SOCK_SEQPACKET, 0) },
		// What the neighbour shares by System V and POSIX names, known to whoever tries.
		"neighbour-shm": func() error { return call(unix.SYS_SHMGET, uintptr(number(env("KEY"))), 0, 0) },
		"neighbour-sem": func() error { return call(unix.SYS_SEMGET, uintptr(number(env("KEY"))), 0, 0) },
		"neighbour-msg": func() error { return call(unix.SYS_MSGGET, uintptr(number(env("KEY"))), 0) },
		"neighbour-mq": func() error {
			fd, _, e := unix.Syscall6(unix.SYS_MQ_OPEN, name(env("QUEUE")), unix.O_RDWR, 0, 0, 0, 0)
			if e != 0 {
				return e
			}
			return unix.Close(int(fd))
		},
		"add-key": func() error {
			_, err := unix.AddKey("user", "jpm", []byte("x"), unix.KEY_SPEC_PROCESS_KEYRING)
			return err
		},
	})
}
