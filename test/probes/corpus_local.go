package probes

// C: communication on the machine.
var local = []Probe{
	php("C01", "connect to the neighbour's FastCGI socket", "neighbour-socket", AsUser, gone),
	php("C02", "connect to an abstract unix socket of the machine", "abstract-socket", AsUser, Stops{"ECONNREFUSED": Network, "EPERM": Landlock}),
	native("C03", "the same in a native program", "connect-abstract", AsUser, Stops{"ECONNREFUSED": Network, "EPERM": Landlock}),
	php("C04", "make a System V shared memory segment", "sysv-memory", AsUser, refused),
	native("C05", "open the neighbour's shared memory", "neighbour-shm", AsUser, Stops{"EPERM": Seccomp, "ENOSYS": Seccomp, Killed: Seccomp, "ENOENT": Namespaces}),
	native("C06", "open its semaphores", "neighbour-sem", AsUser, Stops{"EPERM": Seccomp, "ENOSYS": Seccomp, Killed: Seccomp, "ENOENT": Namespaces}),
	native("C07", "open its System V queue", "neighbour-msg", AsUser, Stops{"EPERM": Seccomp, "ENOSYS": Seccomp, Killed: Seccomp, "ENOENT": Namespaces}),
	php("C08", "find its System V queue in PHP", "neighbour-queue", AsUser, Stops{"EPERM": Seccomp, "ENOSYS": Seccomp, Nothing: Seccomp, "refused without a message": Seccomp}),
	native("C09", "open its POSIX queue", "neighbour-mq", AsUser, Stops{"EPERM": Seccomp, "ENOSYS": Seccomp, Killed: Seccomp, "ENOENT": Namespaces}),
	php("C10", "see scripts of other sites in OPcache", "opcache-of-others", Never, Stops{Nothing: Supervisor}).never("each php-cgi has an OPcache of its own; php-fpm's pools share one"),
	php("C11", "watch files by inotify", "inotify", AsUser, refused),
	native("C12", "watch files by fanotify", "raw:fanotify", AsUser, refused).absent("EPERM", "ENOSYS"),
	native("C13", "look for a key of the user", "raw:request-key", AsUser, refused).reached("ENOKEY"),
	native("C14", "add a key", "add-key", AsUser, refused).absent("ENOSYS"),
	native("C15", "find its session keyring", "keyctl", AsUser, refused).reached("ENOKEY"),
	native("C16", "send out-of-band data on a unix socket", "out-of-band", AsUser, refused).absent("ENOTSUP"),
	native("C17", "make a socket of sequenced packets", "seqpacket", AsUser, refused),
	native("C18", "lock a file that all sites read", "lock-runtime", AsUser, nil),
}
