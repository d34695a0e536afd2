package jail

import (
	"fmt"
	"strconv"
	"strings"
)

// Own is the account of an ordinary user who runs jpm. Nobody without privilege can become another user or leave a group, so everything
// of such a jpm has these ids: the master, the proxy, the workers and each PID 1. Its jails are the same but for what that takes away; the
// difference is in the plan (OneID) and the methods here, which all take nil for root's jpm.
type Own struct {
	UID, GID uint32
	// Groups is how many groups beside GID the user has.
	Groups int
}

// setup are the ids that build a jail and that its PID 1 has.
func (o *Own) setup() (uid, gid uint32) {
	if o == nil {
		return setupID, setupID
	}
	return o.UID, o.GID
}

// accepts says why a worker cannot have these ids.
func (o *Own) accepts(uid, gid uint32) error {
	switch {
	case o == nil:
		return nil
	case uid != o.UID:
		return fmt.Errorf("user: jpm runs as uid %d, and an ordinary user can start nothing as another, here %d: write user = \"%d\", or start jpm as root",
			o.UID, uid, o.UID)
	case gid != o.GID:
		return fmt.Errorf("group: jpm runs as gid %d, and an ordinary user can start nothing as another, here %d: write group = \"%d\", or start jpm as root",
			o.GID, gid, o.GID)
	}
	return nil
}

func (o *Own) namespaceLine() Line {
	return partly(fmt.Sprintf("user: id %d is itself inside, there is no root", o.UID),
		"an ordinary user has no second id to build the jail with: what gets out of it is the user who runs jpm")
}

func (o *Own) identityLines() []Line {
	all := []Line{partly(fmt.Sprintf("uid %d, gid %d", o.UID, o.GID), "the ids of jpm itself and of all its pools: an ordinary user has no others")}
	if o.Groups > 0 {
		all = append(all, partly("other groups are nobody's inside",
			fmt.Sprintf("an ordinary user cannot leave a group: the %d of jpm still open what their files' modes let them, as far as it is mounted", o.Groups)))
	}
	return all
}

func (o *Own) initLine() Line {
	return partly("PID 1 is jpm-init: no capability, profile init", "it has the worker's uid; that nobody may attach to it and the worker's system call profile protect it")
}

// whyNoNamespace explains why an ordinary user was refused a user namespace, from the switches that kernels and distributions have for it.
// sysctl reads a file below /proc/sys, "" if it is not there.
func whyNoNamespace(err error, sysctl func(name string) string) error {
	var found []string
	if sysctl("kernel/unprivileged_userns_clone") == "0" {
		found = append(found, "sysctl kernel.unprivileged_userns_clone is 0")
	}
	if sysctl("user/max_user_namespaces") == "0" {
		found = append(found, "sysctl user.max_user_namespaces is 0")
	}
	if v, convErr := strconv.Atoi(sysctl("kernel/apparmor_restrict_unprivileged_userns")); convErr == nil && v > 0 {
		found = append(found, "AppArmor restricts user namespaces to programs with a profile that allows them (sysctl kernel.apparmor_restrict_unprivileged_userns)")
	}
	if len(found) == 0 {
		return fmt.Errorf("an ordinary user needs a user namespace for jails, with all rights in it, and this host gives none: %w: %w", err, ErrUnsupported)
	}
	return fmt.Errorf("an ordinary user needs a user namespace for jails, with all rights in it, and this host gives none: %s: %w: %w", strings.Join(found, "; "), err, ErrUnsupported)
}
