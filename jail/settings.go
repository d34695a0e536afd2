package jail

import (
	"slices"

	"golang.org/x/sys/unix"

	"jpm/jail/plan"
)

// setting is one file below /proc/sys that each namespace of its kind has of its own.
type setting struct {
	name string
	// net: it is of the network namespace; ipc: of the IPC namespace; else of the user namespace.
	net, ipc bool
	// keep says whether this jail needs it as it is. Nil means that none does.
	keep func(*profile) bool
}

// zeroed are the settings that are 0 in a jail. They refuse once more what the profile refuses already, by other code of the kernel: it
// counts how many a user namespace has of each, and 0 is all it may have (namespaces(7), Linux 4.9; time 5.6, inotify 4.11, fanotify 5.13).
// MPTCP (Linux 5.6) is a switch of the network namespace, and the amounts of System V communication are settings of the IPC namespace
// (proc_sys_kernel(5)): segments, queues, and of kernel/sem the first number, semaphores in a set.
var zeroed = []setting{
	{name: "user/max_user_namespaces"},
	{name: "user/max_mnt_namespaces"},
	{name: "user/max_pid_namespaces"},
	{name: "user/max_net_namespaces"},
	{name: "user/max_ipc_namespaces"},
	{name: "user/max_uts_namespaces"},
	{name: "user/max_cgroup_namespaces"},
	{name: "user/max_time_namespaces"},
	{name: "user/max_inotify_instances", keep: (*profile).watches},
	{name: "user/max_inotify_watches", keep: (*profile).watches},
	{name: "user/max_fanotify_groups", keep: (*profile).watches},
	{name: "user/max_fanotify_marks", keep: (*profile).watches},
	{name: "net/mptcp/enabled", net: true, keep: (*profile).multipath},
	{name: systemVSetting, ipc: true, keep: (*profile).systemV},
	{name: "kernel/msgmni", ipc: true, keep: (*profile).systemV},
	{name: "kernel/sem", ipc: true, keep: (*profile).systemV},
}

// systemVSetting is the number of shared memory segments. It stands for what the kernel lets be set of an IPC namespace.
const systemVSetting = "kernel/shmmni"

// watches says whether the profile lets a worker watch files.
func (p *profile) watches() bool {
	return p.allows("inotify_init") || p.allows("inotify_init1") || p.allows("fanotify_init")
}

// multipath says whether the profile lets a worker open MPTCP sockets.
func (p *profile) multipath() bool {
	return p.allows("socket", unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP) || p.allows("socket", unix.AF_INET6, unix.SOCK_STREAM, unix.IPPROTO_MPTCP)
}

// systemV says whether the profile lets a worker have System V memory, semaphores or queues (sysvipc(7)).
func (p *profile) systemV() bool {
	return p.allows("shmget") || p.allows("semget") || p.allows("msgget")
}

// zero lists what of zeroed this jail sets: what the host has, the profile does not need, and is no setting of the host's own.
func zero(h *Host, filter *profile, network plan.Network) []string {
	var all []string
	for _, s := range zeroed {
		own := h.UserNS.On && h.NamespaceLimit.On
		switch {
		case s.net:
			own = network != plan.HostNetwork
		case s.ipc:
			own = h.SystemV.On
		}
		if own && slices.Contains(h.Settings, s.name) && (s.keep == nil || !s.keep(filter)) {
			all = append(all, s.name)
		}
	}
	return all
}

// settingLines says of what the jail can have none whatever the filter says.
func settingLines(j *Jail) []Line {
	set := func(name string) bool { return slices.Contains(j.plan.Zero, name) }
	all := []Line{either(set("user/max_user_namespaces"), "none can be made inside, whatever the filter says", noNamespacesWhy(j.host))}
	if set("user/max_inotify_instances") {
		all = append(all, enforced("inotify and fanotify: none inside, whatever the filter says"))
	}
	if set("net/mptcp/enabled") {
		all = append(all, enforced("MPTCP: none inside, whatever the filter says"))
	}
	const systemV = "System V memory, semaphores and queues: none inside, whatever the filter says"
	switch {
	case set(systemVSetting):
		all = append(all, enforced(systemV))
	case !j.host.SystemV.On:
		all = append(all, off(systemV, "the kernel refuses: "+j.host.SystemV.Why))
	}
	return all
}

func noNamespacesWhy(h *Host) string {
	if !h.UserNS.On {
		return "needs a user namespace"
	}
	return "the kernel refuses: " + h.NamespaceLimit.Why
}
