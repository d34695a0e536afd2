// Package plan is what the master and jpm-init agree on: the compiled jail of one worker, the descriptors jpm-init starts
// with, and the messages it sends back.
//
// A plan holds decisions only. Every name in it is final: nothing is looked up, defaulted or expanded by jpm-init, which
// must not read configuration or follow a path of the host. Mount sources arrive as descriptors, never as names.
package plan

// Plan is the compiled jail of one worker. The master makes it once per pool; it is the same for each worker of the pool.
type Plan struct {
	// Name labels the plan in errors: the pool's name, or "proxy".
	Name string
	// Hostname is what uname(2) shows inside.
	Hostname string
	// UserNS says that the jail has a user namespace of its own, in which SetupUID is 0 inside and UID is itself.
	// Without it the stages start as the host's root.
	UserNS bool
	// Zero names settings of the jail's own namespaces whose first number is set to 0, below /proc/sys: "user/max_uts_namespaces" (namespaces(7)).
	Zero []string
	// OneID says that the user namespace maps one id and nobody may call setgroups(2) in it, which is all that an ordinary user can have:
	// SetupUID and UID are the same, inside as outside, and the groups of whoever started jpm stay.
	OneID bool
	// SetupUID and SetupGID are host ids that own nothing. They build the jail where there is a user namespace, and
	// PID 1 of the jail runs as them in either case.
	SetupUID, SetupGID uint32
	// UID and GID are the worker's ids, the same inside and outside. It has no other group.
	UID, GID uint32

	// Network says which network the worker has.
	Network Network

	// RootBytes and RootInodes bound the tmpfs that becomes the root.
	RootBytes, RootInodes uint64
	// Entries fill the root, in this order: a parent stands before what lies in it.
	Entries []Entry

	// Rlimits are set as both the soft and the hard limit.
	Rlimits []Rlimit
	// Umask is the worker's file mode creation mask.
	Umask uint32
	// OOMScoreAdj is written to /proc/self/oom_score_adj (proc_pid_oom_score_adj(5)).
	OOMScoreAdj int
	// Dir is the worker's working directory inside the jail.
	Dir string
	// MDWE refuses memory that is or was writable to become executable (PR_SET_MDWE, Linux 6.3, PR_SET_MDWE(2const)).
	MDWE bool

	// Landlock is the worker's ruleset.
	Landlock Landlock

	// Path is the program inside the jail. Empty means that the program comes as the descriptor after the fixed ones.
	Path string
	// Argv and Env are the program's; nothing is added.
	Argv, Env []string
	// Extra is how many descriptors the program gets beyond 0, 1 and 2: they become 3, 4, ...
	Extra int

	// ExecOnce refuses every execve but the worker's own start. Without it the mounts and Landlock decide what can be executed.
	ExecOnce bool
	// Filter is the worker's seccomp program and InitFilter that of PID 1, as an array of struct sock_filter in native byte order.
	Filter, InitFilter []byte
	// Listener are the flags of seccomp(2) that give Filter a listener, which the master fetches; 0 means that it has none.
	Listener uint32

	// SkipStep names a step that is left out, so that tests can prove that the checks from outside notice. Only Spawners
	// made by tests set it.
	SkipStep string
}

// Network is the network of a jail.
type Network string

// The networks of a jail.
const (
	NoNetwork   Network = "none"     // a namespace of its own with nothing up
	Loopback    Network = "loopback" // a namespace of its own with its loopback up
	HostNetwork Network = "host"     // the host's namespace
)

// Kind says what an Entry makes.
type Kind string

// The kinds of entries.
const (
	Dir  Kind = "dir"  // a directory, Mode
	File Kind = "file" // a regular file with Data, Mode
	Link Kind = "link" // a symbolic link to Data
	Bind Kind = "bind" // the next mount descriptor is mounted on Path
	Proc Kind = "proc" // a fresh procfs
)

// Entry is one thing in the new root. Paths are absolute, clean, and as seen inside the jail.
type Entry struct {
	Kind Kind
	Path string
	Mode uint32
	Data string

	// Source is the host's path of a Bind; only the master uses it.
	Source string
	// Wants says what Source must be.
	Wants Wants
	// Rdev is the device number that a Device must have, as major<<8 | minor.
	Rdev uint32
	// Flags are the mount's attributes.
	Flags Flags
	// Recursive takes the mounts below Source along, each with at least Flags.
	Recursive bool
	// Origin is the configuration's name for this entry, for errors.
	Origin string
}

// Writable says whether e gives the worker a directory of the host to write to.
func (e *Entry) Writable() bool {
	return e.Kind == Bind && e.Source != "" && e.Flags&ReadOnly == 0
}

// Wants says what a mount source must be.
type Wants string

// What a mount source can be.
const (
	Directory Wants = "directory"
	Regular   Wants = "file"
	Any       Wants = "any"    // a directory or a regular file
	Device    Wants = "device" // the character device Rdev
	PoolTmp   Wants = "tmp"    // the pool's /tmp; Source is unused
	// PoolSockets is the pool's directory of sockets of services; Source is unused. The jail's copy is a slave of it, so that what the
	// master mounts in it later appears (mount_namespaces(7)).
	PoolSockets Wants = "sockets"
)

// Flags are mount attributes (mount_setattr(2)).
type Flags uint32

// The mount attributes a plan can ask for.
const (
	ReadOnly Flags = 1 << iota
	NoSuid
	NoDev
	NoExec
	NoSymFollow
)

// Rlimit is one resource limit (setrlimit(2)); soft and hard limit are the same.
type Rlimit struct {
	Resource int
	Value    uint64
}

// The descriptors jpm-init starts with. After FDPlan come the program's descriptor, if Path is empty, the Extra ones, and
// then, for the init stage only, one mount per Bind entry in order.
const (
	FDStdin  = 0 // the worker's listener, or /dev/null
	FDStdout = 1
	FDStderr = 2
	FDReport = 3 // SOCK_SEQPACKET to the master: Ready, Failed; Go comes back
	FDStatus = 4 // init stage: pipe on which the worker's wait status goes to the master. exec stage: socket to the init stage
	FDPlan   = 5 // memfd with the encoded plan
	FDFirst  = 6
)

// The argument that picks jpm-init's stage.
const (
	StageInit = "init"
	StageExec = "exec"
)

// Binds is the number of mount descriptors the init stage gets.
func (p *Plan) Binds() int {
	n := 0
	for _, e := range p.Entries {
		if e.Kind == Bind {
			n++
		}
	}
	return n
}
