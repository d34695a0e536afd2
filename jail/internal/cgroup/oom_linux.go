package cgroup

import (
	"fmt"
	"os"
	"time"

	"github.com/opencontainers/cgroups"
	"golang.org/x/sys/unix"
)

// WholeOOM makes everything in the cgroup end when the kernel kills one process of it for want of memory. In version 2 the kernel does that
// itself (memory.oom.group). In version 1 it tells by an eventfd, and kill is called, by a goroutine that ends with Remove.
func (g *Group) WholeOOM(kill func()) error {
	t := g.p.t
	if g.p.worker.Memory == 0 || t.host.inV2(Memory) {
		return nil
	}
	dir := t.controllerDir(Memory, g.p.name, g.name)
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return fmt.Errorf("cgroup: eventfd: %w", err)
	}
	f := os.NewFile(uintptr(fd), "oom events")
	control, err := cgroups.OpenFile(dir, "memory.oom_control", unix.O_RDONLY)
	if err != nil {
		f.Close()
		return fmt.Errorf("cgroup: %w", err)
	}
	defer control.Close()
	if err := cgroups.WriteFile(dir, "cgroup.event_control", fmt.Sprintf("%d %d", fd, control.Fd())); err != nil {
		f.Close()
		return fmt.Errorf("cgroup %s: watch for OOM: %w", g.name, err)
	}
	g.oom, g.oomDone = f, make(chan struct{})
	go g.followOOM(kill)
	return nil
}

func (g *Group) followOOM(kill func()) {
	defer close(g.oomDone)
	var b [8]byte
	for {
		if _, err := g.oom.Read(b[:]); err != nil {
			return
		}
		// The event comes before the kill it is about. It also comes when nothing has to be killed after all, and at the cgroup's end.
		for range 100 {
			e, err := g.Events()
			if err != nil || e.OOMKills > 0 {
				kill()
				return
			}
			time.Sleep(time.Millisecond)
		}
	}
}
