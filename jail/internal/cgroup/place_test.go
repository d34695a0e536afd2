package cgroup

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/sys/mountinfo"
)

func TestFindPlace(t *testing.T) {
	for _, tt := range []struct {
		name   string
		own    map[string]string
		mounts string
		want   Place
		mode   string
	}{
		{
			name:   "v2 as a service",
			own:    map[string]string{"": "/system.slice/jpm.service"},
			mounts: `30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate`,
			want: Place{Unified: &Hierarchy{"/system.slice/jpm.service", "/sys/fs/cgroup/system.slice/jpm.service"},
				V1: map[string]Hierarchy{}},
			mode: "v2",
		},
		{
			name: "hybrid",
			own:  map[string]string{"": "/", "memory": "/a/b", "pids": "/", "cpu": "/c", "cpuacct": "/c", "name=systemd": "/"},
			mounts: `31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
32 30 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
33 30 0:29 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
34 30 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw`,
			want: Place{Unified: &Hierarchy{"/", "/sys/fs/cgroup/unified"}, V1: map[string]Hierarchy{
				"cpu": {"/c", "/sys/fs/cgroup/cpu,cpuacct/c"}, "cpuacct": {"/c", "/sys/fs/cgroup/cpu,cpuacct/c"},
				"memory": {"/a/b", "/sys/fs/cgroup/memory/a/b"}, "pids": {"/", "/sys/fs/cgroup/pids"}}},
			mode: "hybrid",
		},
		{
			name: "v1 bind-mounted into a container",
			own:  map[string]string{"memory": "/docker/1234"},
			mounts: `32 30 0:28 /docker/1234 /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
33 30 0:28 /docker/12 /mnt rw - cgroup cgroup rw,memory`,
			want: Place{V1: map[string]Hierarchy{"memory": {"/docker/1234", "/sys/fs/cgroup/memory"}}},
			mode: "v1",
		},
		{
			name: "cgroups that no mount shows",
			own:  map[string]string{"": "/../other", "pids": "/docker/1234", "memory": "/docker/12345"},
			mounts: `30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw
32 30 0:28 /docker/1234 /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory`,
			want: Place{V1: map[string]Hierarchy{}},
			mode: "none",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			mounts, err := mountinfo.GetMountsFromReader(strings.NewReader(tt.mounts), nil)
			if err != nil {
				t.Fatal(err)
			}
			got := findPlace(tt.own, mounts)
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("findPlace (-want +got):\n%s", d)
			}
			if m := got.Mode(); m != tt.mode {
				t.Errorf("Mode() = %q, want %q", m, tt.mode)
			}
		})
	}
}

func TestWhyNot(t *testing.T) {
	v2 := Place{Unified: &Hierarchy{"/", "/sys/fs/cgroup"}}
	v1 := Place{V1: map[string]Hierarchy{"memory": {"/", "/sys/fs/cgroup/memory"}}}
	for _, tt := range []struct {
		name string
		host Host
		want string
	}{
		{"all is there", Host{Place: v2}, ""},
		{"no cgroups", Host{Off: "none mounted"}, "none mounted"},
		{"no controller", Host{Place: v2, Missing: [NumControllers]string{Memory: "not offered"}}, "not offered"},
		{"others are in our cgroup", Host{Place: v2, Busy: "others"}, "others"},
		{"others do not matter in version 1", Host{Place: v1, Busy: "others"}, ""},
	} {
		if got := tt.host.WhyNot(Memory); got != tt.want {
			t.Errorf("%s: WhyNot(Memory) = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestLeftover(t *testing.T) {
	start := func(pid int) (string, error) {
		if pid == 42 {
			return "777", nil
		}
		return "", errNoProcess
	}
	for name, want := range map[string]bool{
		"jpm-41-777-1": true, "jpm-42-776-1": true, "jpm-42-777-1": false, // ours: gone, another process, alive
		"jpm-42": false, "jpm": false, "jpm-x-777-1": false, "jpm-0-777-1": false, "jpm-41-777-1-2": false, "jpm.service": false, "pool-41-777-1": false,
	} {
		if got := leftover(name, start); got != want {
			t.Errorf("leftover(%q) = %v, want %v", name, got, want)
		}
	}
}
