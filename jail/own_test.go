package jail

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// ordinary is the host of the tests as uid 1000 has it.
func ordinary(t *testing.T) *Host {
	t.Helper()
	h := *testHost()
	h.Own = &Own{UID: 1000, GID: 100, Groups: 2}
	return &h
}

func TestOrdinaryUserHasOneID(t *testing.T) {
	p := shop()
	p.UID, p.GID = 1000, 100
	j, err := Compile(p, ordinary(t))
	if err != nil {
		t.Fatal(err)
	}
	if pl := j.plan; !pl.OneID || pl.SetupUID != 1000 || pl.SetupGID != 100 {
		t.Errorf("one id %v, setup %d:%d, want true, 1000:100", pl.OneID, pl.SetupUID, pl.SetupGID)
	}
	states := map[string]State{}
	for _, l := range j.Explain() {
		if l.State != Enforced && l.Why == "" {
			t.Errorf("%s: %s is %s without a reason", l.Layer, l.Setting, l.State)
		}
		if l.State != Enforced {
			states[l.Layer] = l.State
		}
	}
	for _, layer := range []string{"namespaces", "identity", "init"} {
		if states[layer] != Partly {
			t.Errorf("layer %s is not shown as weaker than root's", layer)
		}
	}
	proxy, err := CompileProxy(1000, 100, ordinary(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(proxy.plan.Landlock.Rules) != 0 {
		t.Errorf("rules %v for a program in memory, want none", proxy.plan.Landlock.Rules)
	}
}

func TestOrdinaryUserRunsNobodyElse(t *testing.T) {
	for _, row := range []struct {
		uid, gid uint32
		want     string
	}{
		{33, 100, "user: jpm runs as uid 1000"},
		{1000, 33, "group: jpm runs as gid 100"},
	} {
		p := shop()
		p.UID, p.GID = row.uid, row.gid
		if _, err := Compile(p, ordinary(t)); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%d:%d: %v, want %q", row.uid, row.gid, err, row.want)
		}
	}
}

func TestIDMap(t *testing.T) {
	if m := idMap(1000, 1000); len(m) != 1 || m[0].ContainerID != 1000 || m[0].HostID != 1000 || m[0].Size != 1 {
		t.Errorf("one id: %v", m)
	}
	if m := idMap(setupID, 33); len(m) != 2 || m[0].ContainerID != 0 || m[0].HostID != setupID || m[1].ContainerID != 33 || m[1].HostID != 33 {
		t.Errorf("two ids: %v", m)
	}
}

func TestWhyNoNamespace(t *testing.T) {
	for _, row := range []struct{ name, value, want string }{
		{"kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone is 0"},
		{"user/max_user_namespaces", "0", "user.max_user_namespaces is 0"},
		{"kernel/apparmor_restrict_unprivileged_userns", "1", "AppArmor restricts"},
		{"user/max_user_namespaces", "100", "gives none: operation not permitted"},
	} {
		err := whyNoNamespace(unix.EPERM, func(name string) string {
			if name == row.name {
				return row.value
			}
			return ""
		})
		if !strings.Contains(err.Error(), row.want) || !errors.Is(err, unix.EPERM) || !errors.Is(err, ErrUnsupported) {
			t.Errorf("%s=%s: %v, want %q", row.name, row.value, err, row.want)
		}
	}
}
