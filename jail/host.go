package jail

import "jpm/jail/internal/cgroup"

// Host is what the jail can count on here, found by trying and not by version. Compile decides by it alone, so that
// decisions can be tested without root.
type Host struct {
	// Kernel is the release, for people; no decision depends on it.
	Kernel string
	// Own is the one account there is for an ordinary user, who cannot become another. Nil where jpm is root.
	Own *Own
	// UserNS: a process can be cloned into a new user namespace with two ids mapped (user_namespaces(7)), or with Own's one.
	// Without it jpm-init builds the jail as the host's root.
	UserNS Feature
	// NamespaceLimit: a user namespace can be kept from having more namespaces (Linux 4.9, namespaces(7)). Only with UserNS.
	NamespaceLimit Feature
	// SystemV: the amounts of an IPC namespace can be set by who builds the jail. Older kernels let the machine's root alone.
	SystemV Feature
	// Settings are the names below /proc/sys of what can be set to 0 in namespaces of a jail's own, those of zeroed that are here.
	Settings []string
	// Proc: a procfs with hidepid=invisible and subset=pid can be mounted (Linux 5.8, proc(5)). Without it the jail has no /proc.
	Proc Feature
	// NoSymFollow: a mount can refuse to follow symlinks (Linux 5.14, mount_setattr(2)).
	NoSymFollow Feature
	// MDWE: memory can be kept from becoming executable (Linux 6.3, PR_SET_MDWE(2const)).
	MDWE Feature
	// Cgroup is what cgroups can do. Nil means that workers get none.
	Cgroup *cgroup.Host
	// Listener: denied system calls can be asked about (Linux 5.6, seccomp_unotify(2), pidfd_getfd(2)). Without it they fail unseen.
	Listener Feature
	// WaitKillable: nothing but a kill takes a thread out of a call that is being asked about (Linux 5.19). Without it a signal does,
	// and the call, made again, is counted again.
	WaitKillable Feature
	// Landlock: a ruleset can be made (Linux 5.13, landlock(7)).
	Landlock Feature
	// LandlockABI is the kernel's version of it, from 1; it may be newer than any jpm knows. 0 without Landlock.
	LandlockABI int
	// Resolver is what exists here of resolverPaths, for jails in the host's network.
	Resolver []string
	// TimeZone is the host's, such as "Europe/Berlin"; empty if it has no name.
	TimeZone string
	// Runtime is what exists here of the read-only runtime, in the order of runtimePaths.
	Runtime []RuntimeEntry
	// Libraries are the directories in the runtime that hold libraries and exist here, in the order of libraryPaths.
	Libraries []string
	// Loaders are the dynamic loaders of programs of this architecture, by the real paths of those that exist here.
	Loaders []string
	// Real follows the symlinks of a path in the runtime to where the file is: /bin/sh to /usr/bin/dash. Nil means that there are none.
	Real func(path string) (string, error)
}

// Feature is one ability of the kernel. Why says what was tried and what it answered, where it is missing.
type Feature struct {
	On  bool
	Why string
}

// RuntimeEntry is one path of the host that every jail has.
type RuntimeEntry struct {
	Path string
	// Link is the target if the jail gets a symlink; otherwise Source is bound.
	Link   string
	Source string
	Dir    bool
	Exec   bool
}
