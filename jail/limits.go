package jail

import (
	"fmt"

	"github.com/docker/go-units"

	"jpm/config"
	"jpm/jail/internal/cgroup"
)

// cgroupLimits are what the cgroups of a pool bound, and what was asked for in vain.
type cgroupLimits struct {
	// sum bounds the pool's workers together, worker each of them.
	sum, worker cgroup.Limits
	asked       []askedLimit
	// bestEffort says that what turns out to be missing when the cgroup is made is left out.
	bestEffort bool
}

// askedLimit is one limit of the configuration. Why is empty if it can be enforced.
type askedLimit struct {
	controller   cgroup.Controller
	setting, why string
	// partly says what is missing though it is enforced.
	partly string
}

// compileLimits decides what the cgroups bound. What this host cannot enforce is an error that names the setting and its line, or with
// enforce = "best_effort" left out.
func compileLimits(l config.Limits, h *cgroup.Host) (cgroupLimits, error) {
	cl := cgroupLimits{
		sum:    cgroup.Limits{Memory: l.Pool.Memory, Pids: l.Pool.Pids, CPU: l.Pool.CPU, IOWeight: l.IOWeight},
		worker: cgroup.Limits{Memory: l.Memory, Pids: l.Pids, CPU: l.CPU},

		bestEffort: l.Enforce == "best_effort",
	}
	bytes := func(n int64) string { return units.BytesSize(float64(n)) }
	for _, s := range []struct {
		name       string
		asked      bool
		controller cgroup.Controller
		setting    string
	}{
		{"memory", l.Memory > 0, cgroup.Memory, "memory " + bytes(l.Memory) + " per worker, no swap; over it everything in the jail is killed"},
		{"pids", l.Pids > 0, cgroup.Pids, fmt.Sprintf("%d processes and threads per worker", l.Pids)},
		{"cpu", l.CPU > 0, cgroup.CPU, fmt.Sprintf("cpu %d %% of one core per worker", l.CPU)},
		{"pool.memory", l.Pool.Memory > 0, cgroup.Memory, "memory " + bytes(l.Pool.Memory) + " for the pool, no swap; over it one worker is killed"},
		{"pool.pids", l.Pool.Pids > 0, cgroup.Pids, fmt.Sprintf("%d processes and threads for the pool", l.Pool.Pids)},
		{"pool.cpu", l.Pool.CPU > 0, cgroup.CPU, fmt.Sprintf("cpu %d %% of one core for the pool", l.Pool.CPU)},
		{"io_weight", l.IOWeight > 0, cgroup.IO, fmt.Sprintf("io weight %d for the pool", l.IOWeight)},
	} {
		if !s.asked {
			continue
		}
		a := askedLimit{controller: s.controller, setting: s.setting, why: whyNot(h, s.controller)}
		if a.why != "" {
			if l.Enforce != "best_effort" {
				at := l.Places[s.name]
				if at != "" {
					at = " (" + at + ")"
				}
				return cl, fmt.Errorf("limits.%s%s: this host cannot enforce it: %s; limits.enforce = \"best_effort\" starts without it", s.name, at, a.why)
			}
			cl.sum, cl.worker = cl.sum.Without(s.controller), cl.worker.Without(s.controller)
		} else if s.controller == cgroup.IO {
			a.partly = "only on disks whose scheduler gives weights (bfq, or io.cost)"
		}
		cl.asked = append(cl.asked, a)
	}
	// What a worker may not have of the pool's it may not have alone; and its own cgroup tells who ran out.
	if cl.worker.Memory == 0 {
		cl.worker.Memory = cl.sum.Memory
	}
	if cl.worker.Pids == 0 {
		cl.worker.Pids = cl.sum.Pids
	}
	return cl, nil
}

func whyNot(h *cgroup.Host, c cgroup.Controller) string {
	if h == nil {
		return "it was not probed"
	}
	return h.WhyNot(c)
}

// cgroupLines lists the cgroup and its limits.
func cgroupLines(j *Jail) []Line {
	const setting = "one per worker, in one per pool"
	var all []Line
	switch h := j.host.Cgroup; {
	case h == nil:
		all = append(all, off(setting, "it was not probed"))
	case h.Off != "":
		all = append(all, off(setting, h.Off))
	case h.Kill == "":
		all = append(all, partly(setting, "only where there are limits, and not to be killed as a whole; the end of PID 1 ends what is in the jail"))
	default:
		all = append(all, enforced(setting+" ("+h.Describe()+")"))
	}
	for _, a := range j.limits.asked {
		switch {
		case a.why != "":
			all = append(all, off(a.setting, a.why))
		case a.partly != "":
			all = append(all, partly(a.setting, a.partly))
		default:
			all = append(all, enforced(a.setting))
		}
	}
	return all
}

// ForService is the host as it is for jpm as a service, in a cgroup of its own that the service manager delegates: for a command that merely
// looks at it from somebody's shell. The text says what differs from here, "" if nothing does.
func (h *Host) ForService() (*Host, string) {
	if h.Cgroup == nil || h.Cgroup.Busy == "" {
		return h, ""
	}
	own, service := *h.Cgroup, *h
	own.Busy = ""
	service.Cgroup = &own
	return &service, h.Cgroup.Busy
}
