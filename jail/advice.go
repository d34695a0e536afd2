package jail

import (
	"fmt"
	"strconv"
	"strings"
)

// switches are settings of the whole host that take a part of the kernel from everybody without privilege. In jails the filter refuses
// it; the switch would be a second layer, and what else runs on the host is for its administrator to know.
var switches = []struct {
	name string // below /proc/sys
	// strict is the number from which on it is refused; with below, up to which.
	strict int
	below  bool
	what   string
}{
	{name: "kernel/io_uring_disabled", strict: 2, what: "io_uring"},
	{name: "kernel/unprivileged_bpf_disabled", strict: 1, what: "bpf"},
	{name: "kernel/perf_event_paranoid", strict: 2, what: "perf_event_open on the kernel"},
	{name: "vm/unprivileged_userfaultfd", strict: 0, below: true, what: "userfaultfd for page faults of the kernel"},
	{name: "dev/tty/legacy_tiocsti", strict: 0, below: true, what: "TIOCSTI"},
}

// Advice lists settings of the host that would be a second layer beside the filters of all jails, each as a line for people. jpm changes
// none of them.
func Advice() []string { return advice(sysctl) }

// advice asks sysctl, which reads a file below /proc/sys, "" if it is not there.
func advice(sysctl func(name string) string) []string {
	var all []string
	for _, s := range switches {
		v, err := strconv.Atoi(sysctl(s.name))
		if err != nil || s.below && v <= s.strict || !s.below && v >= s.strict {
			continue
		}
		all = append(all, fmt.Sprintf("%s = %d (it is %d) refuses %s", strings.ReplaceAll(s.name, "/", "."), s.strict, v, s.what))
	}
	return all
}
