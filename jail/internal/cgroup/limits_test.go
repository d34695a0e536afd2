package cgroup

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/cgroups"
)

var errNoProcess = errors.New("no such process")

func hostV1(weight string) *Host {
	v1 := map[string]Hierarchy{}
	for _, name := range namesV1 {
		v1[name] = Hierarchy{"/", "/sys/fs/cgroup/" + name}
	}
	return &Host{Place: Place{V1: v1}, SwapFile: true, WeightFile: weight}
}

func hostV2(weight string) *Host {
	return &Host{Place: Place{Unified: &Hierarchy{"/", "/sys/fs/cgroup"}}, SwapFile: true, WeightFile: weight}
}

// What is written where.
func TestSettings(t *testing.T) {
	all := Limits{Memory: 256<<20 + 100, Pids: 32, CPU: 150, IOWeight: 200}
	hybrid := hostV1("io.weight")
	hybrid.Place.Unified = &Hierarchy{"/", "/sys/fs/cgroup/unified"}
	delete(hybrid.Place.V1, "blkio")
	noSwap := hostV2("io.weight")
	noSwap.SwapFile = false
	for _, tt := range []struct {
		name   string
		limits Limits
		host   *Host
		whole  bool
		want   []string
	}{
		{"nothing asked for", Limits{}, hostV2(""), true, nil},
		{"a worker, v2", all, hostV2("io.bfq.weight"), true, []string{
			"memory memory.max=268435456", "memory memory.swap.max=0", "memory memory.oom.group=1",
			"pids pids.max=32", "cpu cpu.max=150000 100000", "io io.bfq.weight=200"}},
		{"a pool, v2: one worker may die alone", all, hostV2("io.weight"), false, []string{
			"memory memory.max=268435456", "memory memory.swap.max=0", "pids pids.max=32", "cpu cpu.max=150000 100000", "io io.weight=200"}},
		{"a kernel without swap", Limits{Memory: 1 << 20}, noSwap, true, []string{"memory memory.max=1048576", "memory memory.oom.group=1"}},
		{"v1", all, hostV1("blkio.bfq.weight"), true, []string{
			"memory memory.limit_in_bytes=268435456", "memory memory.memsw.limit_in_bytes=268435456",
			"pids pids.max=32", "cpu cpu.cfs_period_us=100000", "cpu cpu.cfs_quota_us=150000", "io blkio.bfq.weight=200"}},
		{"hybrid with io in v2", all, hybrid, true, []string{
			"memory memory.limit_in_bytes=268435456", "memory memory.memsw.limit_in_bytes=268435456",
			"pids pids.max=32", "cpu cpu.cfs_period_us=100000", "cpu cpu.cfs_quota_us=150000", "io io.weight=200"}},
		{"one percent", Limits{CPU: 1}, hostV2(""), true, []string{"cpu cpu.max=1000 100000"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, s := range tt.limits.settings(tt.host, tt.whole) {
				got = append(got, fmt.Sprintf("%v %s=%s", s.controller, s.file, s.value))
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("settings (-want +got):\n%s", d)
			}
		})
	}
}

// The same limits in the words of the library, which writes them.
func TestResources(t *testing.T) {
	l := Limits{Memory: 1 << 20, Pids: 7, CPU: 50, IOWeight: 30}
	seven := int64(7)
	for _, tt := range []struct {
		name string
		host *Host
		v2   bool
		want *cgroups.Resources
	}{
		{"v2", hostV2("io.weight"), true, &cgroups.Resources{SkipDevices: true, Memory: 1 << 20, MemorySwap: 1 << 20, PidsLimit: &seven,
			CpuPeriod: 100000, CpuQuota: 50000, Unified: map[string]string{"memory.oom.group": "1", "io.weight": "30"}}},
		{"v1", hostV1("blkio.weight"), false, &cgroups.Resources{SkipDevices: true, Memory: 1 << 20, MemorySwap: 1 << 20, PidsLimit: &seven,
			CpuPeriod: 100000, CpuQuota: 50000, BlkioWeight: 30}},
		{"the other version has none of them", hostV1(""), true, &cgroups.Resources{SkipDevices: true}},
	} {
		if d := cmp.Diff(tt.want, l.resources(tt.host, tt.v2, true)); d != "" {
			t.Errorf("%s: resources (-want +got):\n%s", tt.name, d)
		}
	}
}

func TestWithout(t *testing.T) {
	l := Limits{Memory: 1, Pids: 2, CPU: 3, IOWeight: 4}
	if d := cmp.Diff([]Controller{Memory, Pids, CPU, IO}, l.Needs()); d != "" {
		t.Errorf("Needs (-want +got):\n%s", d)
	}
	if got, want := l.Without(Memory, IO), (Limits{Pids: 2, CPU: 3}); got != want {
		t.Errorf("Without(Memory, IO) = %+v, want %+v", got, want)
	}
}

func TestSame(t *testing.T) {
	if s := (setting{IO, "io.weight", "200"}); !s.same("default 200") || !s.same("200") || s.same("default 100") || s.same("2000") {
		t.Error("io.weight's form is not understood")
	}
}
