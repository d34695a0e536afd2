package main

import "golang.org/x/sys/unix"

func init() {
	probes["x32"] = func() error { return call(unix.SYS_GETPID | 0x40000000) }
}
