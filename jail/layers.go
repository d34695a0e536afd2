package jail

// layers are the layers of a jail, from the outside in. `jpm check`, `jpm check --effective`, `jpm status` and the check after every
// start all read this table: a layer that is added here is in all of them.
var layers = []layer{
	{"namespaces", namespaceLines, seen{"/proc/PID/ns, uid_map", (*sight).namespaces}},
	{"network", networkLines, seen{"/proc/PID/ns, net/dev", (*sight).network}},
	{"sockets", socketLines, seen{how: "/proc/PID/root, after every start"}},
	{"root", rootLines, seen{"/proc/PID/mountinfo", (*sight).root}},
	{"files", fileLines, seen{"/proc/PID/mountinfo", (*sight).mounts}},
	{"identity", identityLines, seen{"/proc/PID/status", (*sight).identity}},
	{"capabilities", capabilityLines, seen{"/proc/PID/status", (*sight).capabilities}},
	{"no_new_privs", noNewPrivsLines, seen{"/proc/PID/status", (*sight).noNewPrivs}},
	{"seccomp", seccompLines, seen{"/proc/PID/status, fd", (*sight).seccomp}},
	{"landlock", landlockLines, seen{how: "tried inside by step prove-landlock"}},
	{"memory", memoryLines, seen{how: "read back inside by step prove-process"}},
	{"rlimit", rlimitLines, seen{"/proc/PID/limits", (*sight).rlimits}},
	{"process", processLines, seen{"/proc/PID/status, stat, oom_score_adj", (*sight).process}},
	{"descriptors", descriptorLines, seen{how: "/proc/PID/fd, cwd, status, before exec"}},
	{"init", initLines, seen{"/proc/PID/task, fd of PID 1", (*sight).init}},
	{"cgroup", cgroupLines, seen{"/proc/PID/cgroup, the cgroup's files", (*sight).cgroup}},
	{"labels", notYetLines("AppArmor, SELinux"), seen{}},
}

// layer is one row of layers.
type layer struct {
	name string
	// lines says what the layer is set to in this jail and what it lacks, from the plan alone. The first field of a Line is the
	// table's to fill in. No line means that this jail has nothing to say of the layer.
	lines func(*Jail) []Line
	// seen is how a started worker is known to have it.
	seen seen
}

// seen says how a layer is measured. how is for people. look compares a running worker with its plan, from outside; it is nil
// for what the kernel shows nobody and a step of jpm-init proves inside, or what the master looks at before exec.
type seen struct {
	how  string
	look func(*sight) error
}

// State says how far a layer is enforced.
type State string

// The states of a layer.
const (
	Enforced State = "enforced"
	Partly   State = "partly" // Why says what is missing
	Off      State = "off"    // Why says why
)

// Line is one fact about a jail, for people.
type Line struct {
	// Layer is the layer's name: "namespaces", "files", ...
	Layer string
	// Setting is what it is set to.
	Setting string
	State   State
	// Why is the reason for everything but Enforced, where it is empty.
	Why string
}

// enforced, partly and off make a Line; either takes why only where ok is false.
func enforced(setting string) Line    { return Line{Setting: setting, State: Enforced} }
func partly(setting, why string) Line { return Line{Setting: setting, State: Partly, Why: why} }
func off(setting, why string) Line    { return Line{Setting: setting, State: Off, Why: why} }

func either(ok bool, setting, why string) Line {
	if ok {
		return enforced(setting)
	}
	return off(setting, why)
}

// Explain lists the effective jail, layer by layer, and what it lacks: on this host, by configuration, and in this version of jpm.
// It is what the plan says; Measure says what a running worker has.
func (j *Jail) Explain() []Line {
	var all []Line
	for _, l := range layers {
		for _, line := range l.lines(j) {
			line.Layer = l.name
			all = append(all, line)
		}
	}
	return all
}

func notYetLines(what string) func(*Jail) []Line {
	return func(*Jail) []Line { return []Line{off(what, "not in this version")} }
}
