package probes

import "strings"

// reason says why no second layer stops some probes, on a kernel that has what the jail uses.
type reason struct {
	ids string // with spaces between
	why string
}

// reasons are why defence is one deep where it is. Every probe that turns out to be so has one.
var reasons = []reason{
	{"A36 A37 A38 A39 A40 A41 A42 B15 B20 B25 B27 B30 B33 C16 C17 F21 F22 F25 F26 F27 F28 F29 F41 F47 F48 F49 F50 F51 F52 F53 E15 E20 D65",
		"Calls, flags and ABIs that the kernel gives to every user. It has a switch for some (`io_uring_disabled`, `unprivileged_userfaultfd`, `perf_event_paranoid`, `ia32_emulation`, `aio-max-nr`), but one for the whole machine: " +
			"`jpm check` advises on those, and does not set them. They lead to nothing that is not the worker's own: its files, its memory, its mounts, its descriptors; what is stopped is an attack on the kernel. No namespace divides VSOCK"},
	{"D80 D81 D82 D83 D84 D85 D86",
		"Making a netlink socket is free, and there is no switch for it. What is asked by one is answered for the jail's own network, which is empty, and changing anything takes a capability"},
	{"D20 D21 D23 D24 D26 D28 D29 D30 D31",
		"Options of one's own sockets, which exist in a pool with `network = \"loopback\"` or `\"host\"` only. The settings of a network namespace do not reach them (`tcp_allowed_congestion_control` and the list of upper protocols are the machine's); where the network is the jail's, packets go no further than its loopback"},
	{"B31 B32 B34",
		"RLIMIT_NPROC, `pids.max` and `kernel.pid_max` count threads as processes, and php-cgi needs threads: curl resolves each name in one, libraries with OpenMP start one for each processor. A process that was forked is in the jail's pid namespace and cgroup and ends with it"},
	{"B19 B21 B22 B23 B26",
		"What a process may do to itself, and only to its own disadvantage or to nobody's: raising a priority is refused by RLIMIT_NICE and RTPRIO 0, a worker without its death signal still ends with PID 1 of its jail, and nobody beside PID 1 is there to attach to it or to be adopted"},
	{"F01 F23",
		"Nothing happens: `unshare` of what is not shared, and tracing nobody. New namespaces (F02 to F08) and tracing a process (B11) are two deep"},
	{"F60",
		"It asks what the loopback's driver is, and the jail has a loopback too. It has no other device"},
	{"C13 C14 C15",
		"Keys have no switch, and their quota is the user's. The keyrings that are searched are the jail's own: the session's is anonymous and made for each worker, and that of a user belongs to the user namespace (Linux 5.3)"},
	{"C04",
		"The amount of System V memory is a setting of the IPC namespace, which older kernels let only the machine's root change, and nobody in the jail is that. What is made so is seen by the jail alone (C05), ends with it, and counts in `limits.memory`"},
	{"A30 A34 A35",
		"Modes and user attributes are the file system's, and no mount option and no right of Landlock takes them away. `nosuid` takes the effect of the mode (E18), a socket may be made by `bind` as well, which sites may, and nothing reads the attributes"},
	{"E09 E10",
		"Asking for and mapping are not executing, which Landlock refuses too (E08). A mapping cannot be refused by the filter: libraries are loaded while a site runs, by `iconv` and by names in `/etc/nsswitch.conf`"},
	{"E11",
		"`vm.memfd_noexec` is a setting of the pid namespace (Linux 6.3), but only the machine's root may change it, and nobody in the jail is that. What is executed so is executed in the jail, under the same filter"},
	{"E13",
		"SELinux has the same rule, where it is on. For php-cgi the layer is off unless `pcre.jit = \"0\"`"},
	{"A20",
		"It is a question whether a file is there (`stat`), which Landlock does not know; reading and listing it refuses (A01, A18)"},
	{"C01",
		"This neighbour's socket is open to everybody, and Landlock knows unix sockets by path since version 9. A socket of jpm's own has an owner and a mode, which stop the proxy's neighbours (H10)"},
	{"B01 F71 F72 F73 I03 I06",
		"Landlock knows directories and not whose process one belongs to: it grants the jail's `/proc` as a whole, because the names in it are not known before. That it is read-only there is two deep (B03)"},
	{"I04",
		"`uname` has to be answered, and the name is the UTS namespace's"},
	{"G01 G03 G04 G05",
		"Amounts have one limit each. `limits.memory` and `limits.pids` are a second one for `/tmp` and threads where the configuration sets them"},
}

// alone is the place in reasons of why a probe is one deep, -1 if nobody says why.
func alone(id string) int {
	for i, r := range reasons {
		for _, of := range strings.Fields(r.ids) {
			if of == id {
				return i
			}
		}
	}
	return -1
}

// Unexplained are the probes that are one deep, and nobody says why.
func Unexplained(all []Depth) []string {
	var ids []string
	for i := range all {
		if deep, known := all[i].Deep(); known && !deep && alone(all[i].ID) < 0 {
			ids = append(ids, all[i].ID+" "+all[i].Tries)
		}
	}
	return ids
}
