// Package jail runs each worker in a jail of its own.
//
// Compile turns a pool's configuration into a plan and touches nothing. A Spawner starts workers from plans by way of
// jpm-init, a small program that executes a plan and decides nothing. After exec the master reads the result back from
// outside and refuses a worker that differs.
//
//	Compile ── plan ──► Spawner.Start ── clone, descriptors ──► jpm-init init ── fork ──► jpm-init exec ── execve ──► the worker
//	                         │                                   PID 1, reaps                  │
//	                         └───────── handshake: ready, go, end of file; then verify ────────┘
//
// A step does its work or the worker does not start: Start then returns a *StepError with the step's name. The steps of the init
// stage, in order; cmd/jpm-init/init.go has the reason for each place:
//
//	death-signal          die with the master
//	dumpable              nobody may attach
//	cgroup                wait until the master has put PID 1 into its cgroups
//	cgroup-namespace      now that the cgroup is set
//	fork                  start the exec stage, which loads while this one mounts
//	private-mounts        nothing propagates to the host
//	new-root              a small tmpfs
//	fill-root             directories, files, links, mounts handed over as descriptors, /proc
//	zero                  no namespace, inotify, fanotify, MPTCP or System V object can be had any more
//	wait-exec-stage       until it has what it needs of the host's /proc
//	pivot-root            for both stages
//	detach-host           the host's tree is gone
//	read-only-root        no more changes
//	prove-root            the working directory is inside
//	prove-zero            PID 1 cannot either
//	loopback              up, if the plan says so
//	hostname              the pool's name
//	init-close            keep the status pipe
//	init-drop             no id, capability or privilege left in PID 1
//	prove-init            the name, the death signal, not attachable
//	init-seccomp          profile "init" on all its threads
//	release               let the exec stage go on
//
// and of the exec stage (cmd/jpm-init/exec.go):
//
//	exec-death-signal     die with PID 1
//	oom-score             chosen before others when memory runs out
//	exec-dumpable         nobody may attach
//	stand-by              wait for the jail
//	session               no terminal
//	keyring               an anonymous one
//	rlimits               hard and soft
//	umask                 the pool's
//	bounding-set          empty
//	ambient               empty
//	securebits            locked
//	groups                none, as far as they can be left
//	gid                   the pool's
//	uid                   the pool's
//	capabilities          empty
//	death-signal-again    the uid change cleared it
//	prove-identity        read back, and root cannot be had again
//	working-directory     inside, as the worker
//	no-new-privs          for ever
//	landlock              files, TCP ports, signals and abstract sockets as the plan says
//	prove-landlock        what must be refused now is
//	mdwe                  writable memory never becomes executable
//	prove-process         the death signal, not attachable, memory
//	signals               default actions, empty mask
//	arguments             of the one exec, at random addresses
//	descriptors           0, 1, 2 and what the plan names; the rest is closed
//	ready                 the master looks and says go
//	seccomp               the profile, and no exec but that one unless it lets programs run; the master takes its listener
//	exec                  the worker
//
// The user namespace maps two ids: 0 inside is a host id that owns nothing, and the worker's is itself. So whoever builds
// the jail is not root on the host, and files belong to whom they belong. Files of every other owner show as nobody's.
// Where the kernel refuses user namespaces, jpm-init starts as the host's root and takes the same steps.
//
// An ordinary user's jpm takes them too, from a user namespace of its own that Enter makes. It has one id to map, so all of it
// runs as that id: Own is what differs, Plan.OneID is how jpm-init hears of it.
package jail
