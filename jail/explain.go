package jail

import (
	"fmt"
	"slices"
	"strings"

	"github.com/docker/go-units"
	"golang.org/x/sys/unix"

	"jpm/jail/plan"
)

// Line is one fact about a jail, for people.
type Line struct {
	// Layer is the layer's name: "namespaces", "files", ...
	Layer string
	// Setting is what it is set to.
	Setting string
	// Status is "enforced", or "off" and the reason.
	Status string
}

const enforced = "enforced"

// Explain lists the effective jail, layer by layer, and what it lacks: on this host, by configuration, and in this version of jpm.
func (j *Jail) Explain() []Line {
	p := j.plan
	var all []Line
	add := func(layer, setting, status string) { all = append(all, Line{layer, setting, status}) }
	perhaps := func(layer, setting string, on bool, why string) {
		if on {
			add(layer, setting, enforced)
		} else {
			add(layer, setting, "off: "+why)
		}
	}

	add("namespaces", "mount, pid, net, ipc, uts, cgroup: one set per worker", enforced)
	perhaps("namespaces", fmt.Sprintf("user: root inside is host id %d, which owns nothing", p.SetupUID), p.UserNS, "the kernel refuses: "+j.host.UserNS.Why)
	add("network", "none: an empty namespace, its loopback down", enforced)
	add("root", "a tmpfs of the jail's own, read-only; the host's is detached (pivot_root)", enforced)
	var nodes []string
	for i := range p.Entries {
		e := &p.Entries[i]
		if e.Wants == plan.Device {
			nodes = append(nodes, e.Path)
		}
		if e.Kind != plan.Bind || e.Wants == plan.Device {
			continue
		}
		what := e.Path
		switch {
		case e.Wants == plan.PoolTmp:
			what = "/tmp: " + units.BytesSize(float64(j.tmp)) + ", shared by the pool's workers"
		case e.Source != e.Path:
			what += " from " + e.Source
		}
		add("files", what+" ("+flagNames(e.Flags)+")", enforced)
	}
	if len(p.Entries) > 0 {
		add("files", "devices: "+strings.Join(nodes, " "), enforced)
		perhaps("files", "/proc (ro, only the worker's own processes)", j.host.Proc.On, "no /proc in the jail: "+j.host.Proc.Why)
		perhaps("files", "symlinks in writable paths are not followed", j.host.NoSymFollow.On, "the kernel cannot: "+j.host.NoSymFollow.Why)
		var made []string
		for _, e := range p.Entries {
			if e.Kind == plan.File {
				made = append(made, e.Path)
			}
		}
		add("files", "generated: "+strings.Join(made, " "), enforced)
	} else {
		add("files", "none at all", enforced)
	}
	add("identity", fmt.Sprintf("uid %d, gid %d, no other group", p.UID, p.GID), enforced)
	add("capabilities", "all five sets empty, securebits locked", enforced)
	add("no_new_privs", "setuid files and file capabilities have no effect", enforced)
	add("seccomp", "profile "+j.profile+fmt.Sprintf(", %d instructions; one exec", len(p.Filter)/8), enforced)
	switch {
	case p.MDWE:
		add("memory", "what was writable never becomes executable", enforced)
	case !j.host.MDWE.On:
		add("memory", "what was writable never becomes executable", "off: the kernel cannot: "+j.host.MDWE.Why)
	default:
		add("memory", "what was writable never becomes executable", "off: PHP compiles regular expressions; php.ini pcre.jit = \"0\" turns that off and this on")
	}
	for _, l := range p.Rlimits {
		add("rlimit", fmt.Sprintf("%s %d", rlimitNames[l.Resource], l.Value), enforced)
	}
	if !slices.ContainsFunc(p.Rlimits, func(l plan.Rlimit) bool { return l.Resource == unix.RLIMIT_NPROC }) {
		add("rlimit", "nproc", "off: without a user namespace it would count all workers of the pool as one")
	}
	add("process", fmt.Sprintf("umask %04o, own session and keyring, oom_score_adj %d, environment of %d variables", p.Umask, p.OOMScoreAdj, len(p.Env)), enforced)
	add("descriptors", "closed but for the worker's own socket and its log", enforced)
	add("verification", "read back from outside after every start", enforced)
	for _, l := range []string{"cgroup limits (memory, pids, cpu)", "Landlock", "AppArmor and SELinux labels"} {
		add("later", l, "off: not in this version")
	}
	return all
}

var rlimitNames = map[int]string{
	unix.RLIMIT_CORE: "core", unix.RLIMIT_MEMLOCK: "memlock", unix.RLIMIT_MSGQUEUE: "msgqueue", unix.RLIMIT_NICE: "nice",
	unix.RLIMIT_RTPRIO: "rtprio", unix.RLIMIT_SIGPENDING: "sigpending", unix.RLIMIT_NOFILE: "nofile", unix.RLIMIT_FSIZE: "fsize",
	unix.RLIMIT_NPROC: "nproc",
}
