package probes

import "slices"

// How says who makes an attempt.
type How string

// Who makes an attempt.
const (
	PHP     How = "php"     // a script, by PHP's functions and its foreign function interface
	Native  How = "native"  // a program's system calls
	Outside How = "outside" // an observer on the host, or a client of the pool's socket
)

// Bare says how an attempt is made without a jail, to show that it would work.
type Bare string

// How an attempt is made without a jail.
const (
	// AsUser: by the worker's user.
	AsUser Bare = "user"
	// AsRoot: by root, because the kernel refuses it to every other user. It harms nothing even so.
	AsRoot Bare = "root"
	// InNamespaces: by the worker's user as root of user, mount, pid, network and other namespaces that end with it.
	InNamespaces Bare = "namespaces"
	// Never: Why says why not.
	Never Bare = "never"
)

// Layer is a part of the jail that can stop an attempt.
type Layer string

// The layers. A table of a layer's name to what the jail does for it is in docs/probes.md.
const (
	Mounts     Layer = "mounts"     // it is not in the root
	MountFlags Layer = "flags"      // read-only, noexec, nosuid, nodev, nosymfollow
	Procfs     Layer = "procfs"     // read-only, own processes only
	Namespaces Layer = "namespaces" // pid, ipc, uts, cgroup, user
	Network    Layer = "network"    // network namespace, loopback down
	Identity   Layer = "identity"   // user, groups, capabilities, no_new_privs
	Seccomp    Layer = "seccomp"    // system call filter
	MDWE       Layer = "mdwe"       // memory that was writable is no code
	Landlock   Layer = "landlock"
	Limits     Layer = "limits"     // rlimits, cgroups, sizes of tmpfs
	Supervisor Layer = "supervisor" // jpm's proxy and master
	Close      Layer = "descriptors"
	Nobody     Layer = "nobody" // open by decision, see SECURITY.md
)

// Killed is the outcome of an attempt that ended the process.
const Killed = "KILL"

// Works is the outcome of an attempt that got through.
const Works = "ok"

// Stops says which outcomes show that an attempt was stopped, and by which layer each.
type Stops map[string]Layer

// Probe is one line of the corpus.
type Probe struct {
	// ID is a letter for the class and a number: A files, B processes, C local communication, D network, E programs, F the kernel,
	// G amounts, H FastCGI, I what tells or stays.
	ID string
	// Tries completes "it tries to".
	Tries string
	How   How
	// Name is the attempt's: a probe of the lab or of php/, of the native program, or in observers.
	Name string
	// Bare says how it is shown to work without a jail.
	Bare Bare
	// Why is the reason for Never.
	Why string
	// Limited is for an attempt that is made only where jpm's limits are: elsewhere it would take what is others'.
	Limited bool
	// Reached are the outcomes, besides Works, that only whoever came through gets: the kernel looked at nonsense and said so.
	Reached []string
	// Absent are the outcomes without a jail that mean that this kernel or machine does not have what is tried.
	Absent []string
	// Stops are the outcomes that hold. Nil for an attempt that is open by decision.
	Stops Stops
	// Loopback is for an attempt on sockets, made in a jail that has a network to have them in: in the others there are no IP sockets.
	Loopback bool
	// Needs is another layer without which the one that stops it does not.
	Needs Layer
}

// through reports whether an outcome shows that the attempt got through.
func (p *Probe) through(outcome string) bool {
	return outcome == Works || slices.Contains(p.Reached, outcome)
}

// Verdict is the judgement of one line.
type Verdict string

// The verdicts.
const (
	Held          Verdict = "held"
	Failed        Verdict = "FAILED"
	NotApplicable Verdict = "n/a"
	Open          Verdict = "open"
)

// Judge compares an attempt's outcome without a jail with the one in it. bare is not looked at for a probe that is Never made so.
// note says what is wrong or missing, and is empty for an ordinary line.
func (p *Probe) Judge(bare, jailed string) (v Verdict, by Layer, note string) {
	switch {
	case p.Bare == Never:
		note = "not made without a jail: " + p.Why
	case slices.Contains(p.Absent, bare):
		return NotApplicable, "", "this machine has it not: " + bare
	case !p.through(bare):
		return Failed, "", "proves nothing: without a jail it is " + bare
	}
	if p.Stops == nil {
		if p.through(jailed) {
			return Open, Nobody, note
		}
		return Failed, "", "is said to be open and is " + jailed
	}
	if p.through(jailed) {
		return Failed, "", "got through"
	}
	by, ok := p.Stops[jailed]
	if !ok {
		return Failed, "", "was stopped otherwise than expected"
	}
	return Held, by, note
}
