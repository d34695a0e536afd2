package jail

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"jpm/jail/plan"
)

func (s *sight) network() error { return verifyNetwork(s.dir, s.plan.Network) }

// verifyNetwork looks from outside at a worker's network: one of its own holds a loopback and nothing else, without an address where it is
// to be down and with its own addresses where it is to be up. The host's network must be the host's. What a network holds does not tell
// whose it is: a host can have nothing but a loopback, too.
func verifyNetwork(dir string, n plan.Network) error {
	theirs, err := os.Readlink(dir + "/ns/net")
	if err != nil {
		return fmt.Errorf("verify network: %w", err)
	}
	ours, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return fmt.Errorf("verify network: %w", err)
	}
	switch {
	case n == plan.HostNetwork && theirs != ours:
		return &VerifyError{"network", ours + ", the host's", theirs}
	case n == plan.HostNetwork:
		return nil
	case theirs == ours:
		return &VerifyError{"network", "one of its own", ours + ", the host's"}
	}
	b, err := os.ReadFile(dir + "/net/dev")
	if err != nil {
		return fmt.Errorf("verify network: %w", err)
	}
	var names []string
	for _, line := range strings.Split(string(b), "\n") {
		if name, _, ok := strings.Cut(line, ":"); ok {
			names = append(names, strings.TrimSpace(name))
		}
	}
	if !slices.Equal(names, []string{"lo"}) {
		return &VerifyError{"network interfaces", "lo", strings.Join(names, " ")}
	}
	v4, err := os.ReadFile(dir + "/net/fib_trie")
	if err != nil {
		return fmt.Errorf("verify network: %w", err)
	}
	v6, err := os.ReadFile(dir + "/net/if_inet6")
	if err != nil && !errors.Is(err, os.ErrNotExist) { // a kernel without IPv6
		return fmt.Errorf("verify network: %w", err)
	}
	return compareAddresses(string(v4), string(v6), n)
}

// localIPv4 is how fib_trie shows an address of the machine's own.
var localIPv4 = regexp.MustCompile(`\|-- (\S+)\n\s+/32 host LOCAL`)

// compareAddresses takes the text of /proc/PID/net/fib_trie and of if_inet6 (proc_pid_net(5)).
func compareAddresses(v4, v6 string, n plan.Network) error {
	loopback := false
	var got []string
	for _, m := range localIPv4.FindAllStringSubmatch(v4, -1) {
		if n == plan.Loopback && m[1] == "127.0.0.1" {
			loopback = true
			continue
		}
		got = append(got, m[1])
	}
	for _, line := range strings.Split(strings.TrimSpace(v6), "\n") {
		if f := strings.Fields(line); len(f) > 0 && (n != plan.Loopback || f[len(f)-1] != "lo") {
			got = append(got, f[0])
		}
	}
	switch {
	case len(got) > 0:
		return &VerifyError{"network addresses", "nothing but " + string(n) + "'s", strings.Join(got, " ")}
	case n == plan.Loopback && !loopback:
		return &VerifyError{"network addresses", "127.0.0.1", "none"}
	}
	return nil
}
