package probes

// I: what stays, and what the host tells.
var traces = []Probe{
	php("I01", "list cron's jobs", "cron", AsUser, gone).absent("ENOENT"),
	php("I02", "read /etc/machine-id", "machine-id", AsUser, gone).absent("ENOENT"),
	php("I03", "read the boot id", "boot-id", AsUser, hidden),
	php("I04", "see the host's name", "hostname", AsUser, Stops{Nothing: Namespaces}),
	php("I05", "see the machine's users", "users", AsUser, Stops{Nothing: Mounts}),
	php("I06", "see the machine's processor in /proc", "cpu-info", AsUser, hidden),
	native("I07", "see the kernel's version, uname", "kernel-version", AsUser, nil),
	native("I08", "see uptime, load and memory, sysinfo", "uptime", AsUser, nil),
	native("I09", "see how large the machine's disk is", "disk-size", AsUser, nil),
	outside("I10", "leave a process behind", "left-process", AsUser, Stops{Nothing: Seccomp}),
	outside("I11", "leave a file in the machine's /tmp", "left-file", AsUser, Stops{Nothing: Mounts}),
}
