package jail

import (
	"slices"
	"strings"
	"testing"

	"jpm/config"
)

// What the profile refuses is 0 in the jail's own namespaces; a setting that would be the host's is never touched.
func TestZero(t *testing.T) {
	own := shop()
	own.Jail.Seccomp, own.Jail.Profile = "/etc/jpm/shop.seccomp", "default EPERM\nexec once\n[allow]\ninotify_init1\ninclude php\n"
	generic := pool("worker", "/usr/bin/worker")
	generic.Jail.Seccomp = "generic"
	hostNetwork := shop()
	hostNetwork.Jail.Network = "host"
	noUser, readOnly, few := testHost(), testHost(), testHost()
	noUser.UserNS = Feature{Why: "a test"}
	readOnly.NamespaceLimit = Feature{Why: "a test"}
	few.Settings = []string{"user/max_user_namespaces"}
	noIPC := testHost()
	noIPC.SystemV = Feature{Why: "a test"}
	systemV := shop()
	systemV.Jail.Seccomp, systemV.Jail.Profile = "/etc/jpm/shop.seccomp", "default EPERM\nexec once\n[allow]\nshmget\ninclude php\n"
	var namespaces, watches, ipc []string
	for _, s := range zeroed {
		switch {
		case strings.HasSuffix(s.name, "_namespaces"):
			namespaces = append(namespaces, s.name)
		case strings.HasPrefix(s.name, "user/"):
			watches = append(watches, s.name)
		case strings.HasPrefix(s.name, "kernel/"):
			ipc = append(ipc, s.name)
		}
	}
	mptcp := []string{"net/mptcp/enabled"}
	for _, c := range []struct {
		name string
		pool config.Pool
		host *Host
		want []string
	}{
		{"php", shop(), testHost(), slices.Concat(namespaces, watches, mptcp, ipc)},
		{"generic", generic, testHost(), slices.Concat(namespaces, watches, mptcp, ipc)},
		{"a profile that watches files", own, testHost(), slices.Concat(namespaces, mptcp, ipc)},
		{"the host's network", hostNetwork, testHost(), slices.Concat(namespaces, watches, ipc)},
		{"no user namespace", shop(), noUser, slices.Concat(mptcp, ipc)},
		{"settings are read-only", shop(), readOnly, slices.Concat(mptcp, ipc)},
		{"amounts are the machine's", shop(), noIPC, slices.Concat(namespaces, watches, mptcp)},
		{"a profile with shared memory", systemV, testHost(), slices.Concat(namespaces, watches, mptcp)},
		{"an older kernel", shop(), few, few.Settings},
	} {
		if got := compile(t, c.pool, c.host).plan.Zero; !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
