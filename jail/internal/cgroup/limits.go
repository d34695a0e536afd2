package cgroup

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/opencontainers/cgroups"
)

// Controller is what bounds one resource.
type Controller int

// The controllers that limits need.
const (
	Memory Controller = iota
	Pids
	CPU
	IO
	NumControllers
)

// The controllers' names in the two versions.
var (
	namesV1 = [NumControllers]string{Memory: "memory", Pids: "pids", CPU: "cpu", IO: "blkio"}
	namesV2 = [NumControllers]string{Memory: "memory", Pids: "pids", CPU: "cpu", IO: "io"}
)

// String is the controller's name in version 2.
func (c Controller) String() string { return namesV2[c] }

// Limits bounds what the processes in a cgroup use together. The zero value of each means that there is no limit.
type Limits struct {
	// Memory is in bytes, swap included: there is none. Over it the kernel ends all processes of the cgroup, if it is a worker's.
	Memory int64
	// Pids is the number of processes and threads.
	Pids int
	// CPU is in percent of one core.
	CPU int
	// IOWeight is the share of a busy disk beside cgroups in the same one, from 1 to 1000; each has 100 unless it is told otherwise.
	IOWeight int
}

// Needs lists the controllers that have to be there.
func (l Limits) Needs() []Controller {
	var all []Controller
	for c, on := range [NumControllers]bool{Memory: l.Memory > 0, Pids: l.Pids > 0, CPU: l.CPU > 0, IO: l.IOWeight > 0} {
		if on {
			all = append(all, Controller(c))
		}
	}
	return all
}

// without is l without what c bounds.
func (l Limits) without(c Controller) Limits {
	switch c {
	case Memory:
		l.Memory = 0
	case Pids:
		l.Pids = 0
	case CPU:
		l.CPU = 0
	case IO:
		l.IOWeight = 0
	}
	return l
}

// Without is l without what the controllers bound.
func (l Limits) Without(cs ...Controller) Limits {
	for _, c := range cs {
		l = l.without(c)
	}
	return l
}

// cpuPeriod is the time in microseconds in which a quota is used up and given out again; the kernel's own default.
const cpuPeriod = 100_000

func (l Limits) quota() int64 { return int64(l.CPU) * cpuPeriod / 100 }

// memory is in whole pages, as the kernel counts it.
func (l Limits) memory() int64 {
	page := int64(os.Getpagesize())
	return l.Memory / page * page
}

// setting is one file of a cgroup and what must be in it.
type setting struct {
	controller Controller
	file       string
	value      string
}

// settings says which files hold l and what is in them, in the order of controllers. whole marks a cgroup whose processes die
// together when one has to for want of memory; version 1 has no file for that.
func (l Limits) settings(h *Host, whole bool) []setting {
	var all []setting
	add := func(c Controller, file, format string, args ...any) {
		all = append(all, setting{c, file, fmt.Sprintf(format, args...)})
	}
	for _, c := range l.Needs() {
		v2 := h.inV2(c)
		switch {
		case c == Memory && v2:
			add(c, "memory.max", "%d", l.memory())
			if h.SwapFile {
				add(c, "memory.swap.max", "0")
			}
			if whole {
				add(c, "memory.oom.group", "1")
			}
		case c == Memory:
			add(c, "memory.limit_in_bytes", "%d", l.memory())
			if h.SwapFile {
				// Memory and swap together: as much as memory alone, so no swap.
				add(c, "memory.memsw.limit_in_bytes", "%d", l.memory())
			}
		case c == Pids:
			add(c, "pids.max", "%d", l.Pids)
		case c == CPU && v2:
			add(c, "cpu.max", "%d %d", l.quota(), cpuPeriod)
		case c == CPU:
			add(c, "cpu.cfs_period_us", "%d", cpuPeriod)
			add(c, "cpu.cfs_quota_us", "%d", l.quota())
		case c == IO:
			add(c, h.WeightFile, "%d", l.IOWeight)
		}
	}
	return all
}

// resources is l in the words of the library, for the controllers of one version. What it has no word for in version 2 is in Unified.
func (l Limits) resources(h *Host, v2, whole bool) *cgroups.Resources {
	r := &cgroups.Resources{SkipDevices: true}
	for _, c := range l.Needs() {
		if h.inV2(c) != v2 {
			continue
		}
		switch c {
		case Memory:
			r.Memory = l.memory()
			if h.SwapFile {
				r.MemorySwap = r.Memory
			}
			if v2 && whole {
				unified(r, "memory.oom.group", "1")
			}
		case Pids:
			n := int64(l.Pids)
			r.PidsLimit = &n
		case CPU:
			r.CpuPeriod, r.CpuQuota = cpuPeriod, l.quota()
		case IO:
			if v2 {
				// BlkioWeight would be scaled: its 100 is not what every other cgroup has.
				unified(r, h.WeightFile, strconv.Itoa(l.IOWeight))
			} else {
				r.BlkioWeight = uint16(l.IOWeight)
			}
		}
	}
	return r
}

func unified(r *cgroups.Resources, file, value string) {
	if r.Unified == nil {
		r.Unified = map[string]string{}
	}
	r.Unified[file] = value
}

// same compares what a file holds with what must be in it. io.weight shows the default first: "default 200".
func (s setting) same(got string) bool {
	return strings.TrimPrefix(got, "default ") == s.value
}
