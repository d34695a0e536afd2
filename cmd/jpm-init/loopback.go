package main

import (
	"fmt"

	"golang.org/x/sys/unix"

	"jpm/jail/plan"
)

// loopback brings up lo, which is all there is in a network namespace that was just made; its addresses come by themselves
// (netdevice(7)).
func (b *builder) loopback() error {
	if b.p.Network != plan.Loopback {
		return nil
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo)
}
