package cgroup

import (
	"fmt"
	"path"
	"strings"

	"github.com/moby/sys/mountinfo"
)

// Hierarchy is one tree of cgroups, and where in it jpm was started.
type Hierarchy struct {
	// Path is the cgroup as /proc/PID/cgroup shows it; Dir is its directory.
	Path, Dir string
}

// Place is where jpm was started. It does not change when the master moves.
type Place struct {
	// Unified is the version 2 hierarchy, nil if none is mounted.
	Unified *Hierarchy
	// V1 are the version 1 hierarchies by controller. One hierarchy can have several controllers.
	V1 map[string]Hierarchy
	// Controllers are those that version 2 could give to our children (cgroup.controllers).
	Controllers []string
}

// Mode names the kind of host: "v2", "v1", "hybrid", or "none".
func (p *Place) Mode() string {
	v1 := false
	for _, name := range namesV1 {
		_, ok := p.V1[name]
		v1 = v1 || ok
	}
	switch {
	case p.Unified != nil && v1:
		return "hybrid"
	case p.Unified != nil:
		return "v2"
	case len(p.V1) > 0:
		return "v1"
	}
	return "none"
}

// findPlace works out where the cgroups of /proc/self/cgroup (own, by controller, "" for version 2) are in the file system. A cgroup that
// no mount shows is left out: in a container the path can be one of the host's.
func findPlace(own map[string]string, mounts []*mountinfo.Info) Place {
	p := Place{V1: map[string]Hierarchy{}}
	for _, m := range mounts {
		switch m.FSType {
		case "cgroup2":
			if h, ok := hierarchy(own, "", m); ok && p.Unified == nil {
				p.Unified = &h
			}
		case "cgroup":
			for _, name := range strings.Split(m.VFSOptions, ",") {
				if _, there := p.V1[name]; there || name == "" {
					continue
				}
				if h, ok := hierarchy(own, name, m); ok {
					p.V1[name] = h
				}
			}
		}
	}
	return p
}

func hierarchy(own map[string]string, name string, m *mountinfo.Info) (Hierarchy, bool) {
	at, ok := own[name]
	if !ok || !path.IsAbs(at) {
		return Hierarchy{}, false
	}
	below := at
	if m.Root != "/" {
		if below, ok = strings.CutPrefix(at, m.Root); !ok || below != "" && below[0] != '/' {
			return Hierarchy{}, false
		}
	}
	if strings.HasPrefix(below, "/..") {
		return Hierarchy{}, false // outside of what our cgroup namespace shows
	}
	return Hierarchy{Path: at, Dir: path.Join(m.Mountpoint, below)}, true
}

// Host is what cgroups can do here, found by trying.
type Host struct {
	Place Place
	// Off says why workers get no cgroup at all. Empty: they get one each.
	Off string
	// Missing says for each controller why a limit that needs it cannot be enforced. Empty: it can.
	Missing [NumControllers]string
	// Busy says why controllers of version 2 cannot be used from where jpm was started, though they are there. Empty: they can.
	Busy string
	// SwapFile: swap can be bounded. Where it is false and Missing[Memory] is empty, the kernel has no swap.
	SwapFile bool
	// WeightFile is the file of IO weights.
	WeightFile string
	// Kill says how all processes of a cgroup are killed: "cgroup.kill" (Linux 5.14), "freezer" (version 1), or not at all.
	Kill string
	// own are the pids of jpm's processes that are in no worker's cgroup.
	own []int
}

// inV2 reports whether the controller is used in version 2.
func (h *Host) inV2(c Controller) bool {
	_, v1 := h.Place.V1[namesV1[c]]
	return !v1
}

// WhyNot says why a limit that needs c cannot be enforced, "" if it can.
func (h *Host) WhyNot(c Controller) string {
	switch {
	case h.Off != "":
		return h.Off
	case h.Missing[c] != "":
		return h.Missing[c]
	case h.inV2(c) && h.Busy != "":
		return h.Busy
	}
	return ""
}

// Describe says in a few words what is used.
func (h *Host) Describe() string {
	kill := h.Kill
	if kill == "" {
		kill = "nothing"
	}
	return fmt.Sprintf("%s, killed as a whole by %s", h.Place.Mode(), kill)
}
