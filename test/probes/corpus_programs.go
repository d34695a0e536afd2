package probes

var noProgram = Stops{"EPERM": Seccomp, Nothing: Seccomp, "EAGAIN": Limits, "ENOMEM": Seccomp, "refused without a message": Seccomp}

// E: programs, and code of its own.
var programs = []Probe{
	php("E01", "run id by system()", "system", AsUser, noProgram),
	php("E02", "run id by exec()", "exec", AsUser, noProgram),
	php("E03", "run id by shell_exec()", "shell-exec", AsUser, noProgram),
	php("E04", "run id by popen()", "popen", AsUser, noProgram),
	php("E05", "run id by proc_open()", "proc-open", AsUser, noProgram),
	php("E06", "run a shell by proc_open()", "shell-by-proc-open", AsUser, noProgram),
	php("E07", "become another program by execve()", "execve", AsUser, Stops{"EPERM": Seccomp, "EACCES": Landlock, "ENOENT": Mounts}),
	php("E08", "execute an upload", "upload-exec", AsUser, Stops{"EPERM": Seccomp, "EACCES": MountFlags}),
	native("E09", "have an upload that may be executed", "exec-write", AsUser, Stops{"EACCES": MountFlags}),
	native("E10", "map an upload as code", "map-exec-tmp", AsUser, Stops{"EPERM": MountFlags, "EACCES": Landlock}),
	php("E11", "make a program that is no file, memfd_create", "memfd", AsUser, refused),
	native("E12", "execute by descriptor, execveat", "run-by-descriptor", AsUser, Stops{"EPERM": Seccomp, Killed: Seccomp, "EACCES": MountFlags}).reached("ENOEXEC"),
	native("E13", "turn memory it has written into code", "memory-exec", AsUser, Stops{"EACCES": MDWE}),
	native("E14", "make all memory executable by personality", "read-implies-exec", AsUser, Stops{"EPERM": Seccomp, Killed: Seccomp, "EACCES": MDWE}),
	native("E15", "call by the 32 bit ABI", "abi32", AsUser, refused).absent("KILL", "no such probe", "ENOSYS"),
	native("E16", "call by the x32 ABI", "x32", AsUser, refused).absent("no such probe", "ENOSYS"),
	native("E17", "hide memory from the kernel, memfd_secret", "secret-memory", AsUser, Stops{"EPERM": Seccomp, Killed: Seccomp, "EAGAIN": Limits}).absent("ENOSYS"),
	outside("E18", "have a setuid program that would be one", "setuid", AsUser, Stops{Nothing: MountFlags}),
	outside("E19", "have a place where it can write a program and execute it", "write-and-execute", AsUser, Stops{Nothing: MountFlags}),
	native("E20", "change descriptor tables, modify_ldt", "modify-ldt", AsUser, refused).absent("no such probe", "ENOSYS"),
}
