package jail

import (
	"fmt"
	"slices"

	"jpm/config"
	"jpm/jail/plan"
)

// resolverPaths are the host's files by which names are resolved, for jails in the host's network. Each start of a worker takes them as
// they are then.
var resolverPaths = []string{"/etc/hosts", "/etc/nsswitch.conf", "/etc/resolv.conf", "/etc/host.conf", "/etc/gai.conf"}

func networkOf(j config.Jail) (plan.Network, error) {
	switch n := plan.Network(j.Network); n {
	case plan.NoNetwork, plan.Loopback, plan.HostNetwork:
		return n, nil
	}
	return "", fmt.Errorf("jail.network %q: not supported", j.Network)
}

// addResolver adds what names are resolved by: the host's own files where its network is, and otherwise files that know localhost.
func (t *tree) addResolver(p config.Pool, h *Host) {
	host := p.Jail.Network == string(plan.HostNetwork)
	// In a network with nobody to ask there are files only.
	hosts := "files"
	if host {
		hosts = "files dns"
		for _, f := range h.Resolver {
			t.add(plan.Entry{Kind: plan.Bind, Path: f, Source: f, Wants: plan.Regular, Origin: "jail.network host",
				Flags: plan.ReadOnly | plan.NoSuid | plan.NoDev | plan.NoExec})
		}
	}
	for _, f := range []struct{ path, data string }{
		{"/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n"},
		{"/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: " + hosts + "\nservices: files\nprotocols: files\n"},
	} {
		if host && slices.Contains(h.Resolver, f.path) {
			continue
		}
		t.add(plan.Entry{Kind: plan.File, Path: f.path, Mode: 0o444, Data: f.data, Origin: "the jail's " + f.path})
	}
}

func networkLines(j *Jail) []Line {
	switch j.plan.Network {
	case plan.HostNetwork:
		return []Line{off("host: the host's network and its resolver files", "jail.network = \"host\"")}
	case plan.Loopback:
		return []Line{enforced("loopback: an empty namespace, its loopback up")}
	}
	if len(j.plan.Entries) == 0 {
		return []Line{enforced("none: an empty namespace, its loopback down")}
	}
	return []Line{enforced("none: an empty namespace, its loopback down; unix sockets only")}
}

// tmpFiles is how many inodes a pool's /tmp may have: a million empty files must not eat the kernel's memory either.
func tmpFiles(l config.Limits) int64 {
	if l.TmpFiles > 0 {
		return int64(l.TmpFiles)
	}
	return max(l.Tmp/4096, 1024)
}
