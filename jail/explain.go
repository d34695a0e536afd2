package jail

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/docker/go-units"
	"golang.org/x/sys/unix"

	"jpm/jail/plan"
)

func namespaceLines(j *Jail) []Line {
	spaces := "mount, pid, net, ipc, uts, cgroup"
	if j.plan.Network == plan.HostNetwork {
		spaces = "mount, pid, ipc, uts, cgroup"
	}
	user := either(j.plan.UserNS, fmt.Sprintf("user: root inside is host id %d, which owns nothing", j.plan.SetupUID),
		"the kernel refuses: "+j.host.UserNS.Why)
	if j.plan.OneID {
		user = j.host.Own.namespaceLine()
	}
	return append([]Line{enforced(spaces + ": one set per worker"), user}, settingLines(j)...)
}

func rootLines(*Jail) []Line {
	return []Line{enforced("a tmpfs of the jail's own, read-only; the host's is detached (pivot_root)")}
}

func fileLines(j *Jail) []Line {
	if len(j.plan.Entries) == 0 {
		return []Line{enforced("none at all")}
	}
	var all []Line
	var nodes, made []string
	for i := range j.plan.Entries {
		e := &j.plan.Entries[i]
		switch {
		case e.Kind == plan.File:
			made = append(made, e.Path)
		case e.Wants == plan.Device:
			nodes = append(nodes, e.Path)
		case e.Kind == plan.Bind && e.Wants != plan.PoolSockets:
			all = append(all, enforced(bindName(j, e)+" ("+flagNames(e.Flags)+")"))
		}
	}
	return append(all,
		enforced("devices: "+strings.Join(nodes, " ")),
		either(j.host.Proc.On, "/proc (ro, only the worker's own processes)", "no /proc in the jail: "+j.host.Proc.Why),
		either(j.host.NoSymFollow.On, "symlinks in writable paths are not followed", "the kernel cannot: "+j.host.NoSymFollow.Why),
		enforced("generated: "+strings.Join(made, " ")))
}

func bindName(j *Jail, e *plan.Entry) string {
	switch {
	case e.Wants == plan.PoolTmp:
		return "/tmp: " + units.BytesSize(float64(j.tmp)) + " and " + strconv.FormatInt(j.tmpFiles, 10) + " files, shared by the pool's workers"
	case e.Source != e.Path:
		return e.Path + " from " + e.Source
	}
	return e.Path
}

func identityLines(j *Jail) []Line {
	if j.plan.OneID {
		return j.host.Own.identityLines()
	}
	return []Line{enforced(fmt.Sprintf("uid %d, gid %d, no other group", j.plan.UID, j.plan.GID))}
}

func capabilityLines(*Jail) []Line {
	return []Line{enforced("all five sets empty, securebits locked")}
}

func noNewPrivsLines(*Jail) []Line {
	return []Line{enforced("setuid files and file capabilities have no effect")}
}

func seccompLines(j *Jail) []Line {
	programs := "it executes nothing after its start"
	if !j.plan.ExecOnce {
		programs = "it executes its own program and what jail.exec names"
	}
	all := []Line{enforced(fmt.Sprintf("profile %s, %d instructions; %s", j.profile, len(j.plan.Filter)/8, programs))}
	const told = "denied calls are told with the request they happen in"
	switch {
	case j.plan.Listener != 0:
		all = append(all, enforced(told))
	case !j.host.Listener.On && j.profile != "proxy":
		all = append(all, partly(told, "they fail and nobody hears: "+j.host.Listener.Why))
	}
	return all
}

func memoryLines(j *Jail) []Line {
	const setting = "what was writable never becomes executable"
	switch {
	case j.plan.MDWE:
		return []Line{enforced(setting)}
	case !j.host.MDWE.On:
		return []Line{off(setting, "the kernel cannot: "+j.host.MDWE.Why)}
	}
	return []Line{off(setting, "PHP compiles regular expressions; php.ini pcre.jit = \"0\" turns that off and this on")}
}

func rlimitLines(j *Jail) []Line {
	var all []Line
	for _, l := range j.plan.Rlimits {
		all = append(all, enforced(fmt.Sprintf("%s %d", rlimitNames[l.Resource], l.Value)))
	}
	if !j.plan.UserNS {
		all = append(all, off("nproc", "without a user namespace it would count all workers of the pool as one"))
	}
	return all
}

func processLines(j *Jail) []Line {
	return []Line{enforced(fmt.Sprintf("umask %04o, own session and keyring, oom_score_adj %d, environment of %d variables",
		j.plan.Umask, j.plan.OOMScoreAdj, len(j.plan.Env)))}
}

func descriptorLines(*Jail) []Line {
	return []Line{enforced("closed but for the worker's own socket and its log")}
}

func initLines(j *Jail) []Line {
	if j.plan.OneID {
		return []Line{j.host.Own.initLine()}
	}
	return []Line{enforced(fmt.Sprintf("PID 1 is jpm-init as id %d: no capability, profile init", j.plan.SetupUID))}
}

var rlimitNames = map[int]string{
	unix.RLIMIT_CORE: "core", unix.RLIMIT_MEMLOCK: "memlock", unix.RLIMIT_MSGQUEUE: "msgqueue", unix.RLIMIT_NICE: "nice",
	unix.RLIMIT_RTPRIO: "rtprio", unix.RLIMIT_SIGPENDING: "sigpending", unix.RLIMIT_NOFILE: "nofile", unix.RLIMIT_FSIZE: "fsize",
	unix.RLIMIT_NPROC: "nproc",
}
