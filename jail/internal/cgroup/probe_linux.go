package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/moby/sys/mountinfo"
	"github.com/opencontainers/cgroups"
	"golang.org/x/sys/unix"
)

// Probe finds out what cgroups can do here, by making one below our own in each hierarchy and removing it again. It needs root to find
// anything, or cgroups that the user may write to. Nobody is moved. with are the pids of processes beside our own that are jpm's too: they
// are where jpm was started and move with it.
func Probe(with ...int) *Host {
	h := &Host{own: append([]int{os.Getpid()}, with...)}
	own, err := cgroups.ParseCgroupFile("/proc/self/cgroup")
	if err != nil {
		h.Off = err.Error()
		return h
	}
	mounts, err := mountinfo.GetMounts(mountinfo.FSTypeFilter("cgroup", "cgroup2"))
	if err != nil {
		h.Off = err.Error()
		return h
	}
	h.Place = findPlace(own, mounts)
	h.probe()
	return h
}

func (h *Host) probe() {
	_, err := os.Stat("/proc/swaps")
	noSwap := errors.Is(err, os.ErrNotExist)
	if h.Place.Mode() == "none" {
		h.Off = "no cgroup file system shows the cgroup jpm was started in"
		return
	}
	if u := h.Place.Unified; u != nil {
		h.probeUnified(u)
	}
	if f, ok := h.Place.V1["freezer"]; ok && h.Kill == "" {
		if why := try(f.Dir, func(dir string) string { return missing(dir, "freezer.state") }); why == "" {
			h.Kill = "freezer"
		}
	}
	for c := range NumControllers {
		name := namesV1[c]
		if v1, ok := h.Place.V1[name]; ok {
			h.Missing[c] = try(v1.Dir, func(dir string) string { return h.probeV1(c, dir, noSwap) })
		} else if h.Place.Unified == nil || !slices.Contains(h.Place.Controllers, namesV2[c]) {
			h.Missing[c] = "the kernel offers no " + c.String() + " controller here"
		} else {
			h.probeV2(c, noSwap)
		}
	}
	if h.Place.Unified == nil && h.Kill == "" && !slices.Contains(h.Missing[:], "") {
		h.Off = h.Missing[Memory]
	}
}

// probeUnified looks at the version 2 hierarchy.
func (h *Host) probeUnified(u *Hierarchy) {
	if b, err := cgroups.ReadFile(u.Dir, "cgroup.controllers"); err == nil {
		h.Place.Controllers = strings.Fields(b)
	}
	why := try(u.Dir, func(dir string) string {
		if missing(dir, "cgroup.kill") == "" {
			h.Kill = "cgroup.kill"
		}
		return ""
	})
	if why != "" {
		h.Place.Unified, h.Place.Controllers = nil, nil
		if h.Place.Mode() == "none" {
			h.Off = why
		}
		return
	}
	h.Busy = h.busy(u)
}

// busy says why u cannot give controllers to its children: it is not the root, and others than us are in it (cgroups(7), no internal
// processes).
func (h *Host) busy(u *Hierarchy) string {
	if isRoot(u.Dir) {
		return ""
	}
	pids, err := cgroups.GetPids(u.Dir)
	if err != nil {
		return err.Error()
	}
	pids = slices.DeleteFunc(pids, func(pid int) bool { return slices.Contains(h.own, pid) })
	if len(pids) == 0 {
		return ""
	}
	return fmt.Sprintf("other processes are in jpm's cgroup %s (%d, the first is %d); a service with Delegate=yes has one of its own", u.Path, len(pids), pids[0])
}

var probes atomic.Int32 // of this process, so that their names differ

// try makes a cgroup in dir, looks at it, and removes it. It says what is wrong.
func try(dir string, look func(dir string) string) string {
	probe := filepath.Join(dir, fmt.Sprintf("jpm-probe-%d-%d", os.Getpid(), probes.Add(1)))
	if err := os.Mkdir(probe, 0o755); err != nil {
		return err.Error()
	}
	why := look(probe)
	if err := unix.Rmdir(probe); err != nil && why == "" {
		return fmt.Sprintf("rmdir %s: %v", probe, err)
	}
	return why
}

func missing(dir, file string) string {
	if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
		return "the kernel has no " + file
	}
	return ""
}

func (h *Host) probeV1(c Controller, dir string, noSwap bool) string {
	switch c {
	case Memory:
		h.SwapFile = missing(dir, "memory.memsw.limit_in_bytes") == ""
		if !h.SwapFile && !noSwap {
			return "the kernel does not count swap (swapaccount=1 on its command line)"
		}
		return missing(dir, "memory.limit_in_bytes")
	case Pids:
		return missing(dir, "pids.max")
	case CPU:
		return missing(dir, "cpu.cfs_quota_us")
	}
	for _, file := range []string{"blkio.weight", "blkio.bfq.weight"} { // in the order the library prefers them
		if missing(dir, file) == "" {
			h.WeightFile = file
			return ""
		}
	}
	return "the kernel has no IO weights (no BFQ)"
}

// probeV2 looks whether the files of an offered controller will be there.
func (h *Host) probeV2(c Controller, noSwap bool) {
	switch c {
	case Memory:
		h.SwapFile = !noSwap
	case IO:
		h.WeightFile, h.Missing[IO] = findWeight(h.Place.Unified.Dir)
	}
}

// findWeight finds the file of IO weights in version 2. The files of a controller show only in a cgroup that was given it, so this looks at
// ours, or, as the root has none, at those below it. Where no cgroup was given it the making of the pool's will tell (*Absent).
func findWeight(dir string) (file, why string) {
	dirs := []string{dir}
	if isRoot(dir) {
		dirs, _ = filepath.Glob(filepath.Join(dir, "*")) // the pattern is no bad one
	}
	for _, dir := range dirs {
		b, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
		if err != nil || !slices.Contains(strings.Fields(string(b)), namesV2[IO]) {
			continue
		}
		for _, file := range []string{"io.bfq.weight", "io.weight"} {
			if missing(dir, file) == "" {
				return file, ""
			}
		}
		why = "the kernel has no io.weight (no io.cost, no BFQ)"
	}
	return "io.weight", why
}

// isRoot says whether dir is the root of a version 2 hierarchy.
func isRoot(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "cgroup.type"))
	return errors.Is(err, os.ErrNotExist)
}
