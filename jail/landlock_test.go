package jail

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"jpm/jail/plan"
)

// The names of the rights' bits, from the lowest.
var (
	landlockFS = []string{"execute", "write-file", "read-file", "read-dir", "remove-dir", "remove-file", "make-char", "make-dir", "make-reg",
		"make-sock", "make-fifo", "make-block", "make-sym", "refer", "truncate", "ioctl-dev", "resolve-unix"}
	landlockNet    = []string{"bind-tcp", "connect-tcp", "bind-udp", "connect-send-udp"}
	landlockScoped = []string{"abstract-unix-socket", "signal"}
)

func rights(names []string, bits uint64) string {
	var s []string
	for i := range 64 {
		switch {
		case bits>>i&1 == 0:
		case i < len(names):
			s = append(s, names[i])
		default:
			s = append(s, fmt.Sprintf("bit %d", i))
		}
	}
	return strings.Join(s, " ")
}

// landlockText writes a ruleset for people to review.
func landlockText(l plan.Landlock) string {
	var b strings.Builder
	for _, h := range []string{rights(landlockFS, l.FS), rights(landlockNet, l.Net), rights(landlockScoped, l.Scoped)} {
		if h != "" {
			fmt.Fprintf(&b, "landlock refuses %s\n", h)
		}
	}
	for _, r := range l.Rules {
		fmt.Fprintf(&b, "landlock allows in %q: %s\n", r.Path, rights(landlockFS, r.Access))
	}
	return b.String()
}

// What every version of the interface handles, and what the jail of the shop says about the rest.
func TestLandlockVersionsGolden(t *testing.T) {
	var b strings.Builder
	for abi := range 13 {
		h := testHost()
		h.LandlockABI, h.Landlock.On = abi, abi > 0
		j := compile(t, shop(), h)
		l := j.plan.Landlock
		fmt.Fprintf(&b, "version %d\n", abi)
		l.Rules = nil
		b.WriteString(landlockText(l))
		for _, line := range landlockLines(j) {
			if line.State != Enforced || strings.Contains(line.Setting, "between directories") {
				fmt.Fprintf(&b, "  %s: %s %s\n", line.State, line.Setting, line.Why)
			}
		}
		for _, r := range j.plan.Landlock.Rules {
			if extra := r.Access &^ l.FS; extra != 0 {
				t.Errorf("version %d: the rule for %s has %s, which it does not handle: the kernel would refuse it", abi, r.Path, rights(landlockFS, extra))
			}
		}
	}
	golden(t, "landlock_versions.golden", b.String())
}

// A kernel newer than jpm is used as the newest that jpm knows.
func TestLandlockOfTheFuture(t *testing.T) {
	newest := landlockVersions[len(landlockVersions)-1].abi
	if got, want := landlockText(landlockHandled(1000)), landlockText(landlockHandled(newest)); got != want {
		t.Errorf("version 1000 handles\n%swant\n%s", got, want)
	}
}

func TestLandlockSwitchedOff(t *testing.T) {
	p := shop()
	p.Jail.Landlock = false
	j := compile(t, p, testHost())
	if j.plan.Landlock.On() {
		t.Errorf("ruleset %+v, want none", j.plan.Landlock)
	}
	lines := landlockLines(j)
	if len(lines) != 1 || lines[0] != off("all", "jail.landlock = false") {
		t.Errorf("explained as %+v", lines)
	}
}

// Ports are not handled where the pool has a network.
func TestLandlockWithNetwork(t *testing.T) {
	if l := landlockRules(nil, 10, true); l.Net != 0 || l.FS == 0 || l.Scoped == 0 {
		t.Errorf("ruleset %+v, want no rights of ports and all others", l)
	}
}

// Rules only add up, so a stricter path in a wider one has the mount alone. That shows.
func TestLandlockGaps(t *testing.T) {
	p := shop()
	p.Jail.Read = []string{"/srv/shop", "/srv/shop/var/keys", "/opt/tools/bin/app"}
	p.Jail.Write = []string{"/srv/shop/var", "/opt/tools/bin/app/cache"}
	j := compile(t, p, testHost())
	got := map[string]string{}
	for _, l := range landlockGaps(&j.plan.Landlock) {
		if l.State != Partly {
			t.Errorf("%+v is not partly", l)
		}
		got[l.Setting] = l.Why
	}
	want := map[string]string{
		"writing in /srv/shop/var/keys":         "Landlock allows it in /srv/shop/var; only the mount is read-only",
		"executing in /opt/tools/bin/app":       "Landlock allows it in /opt/tools/bin; only the mount is noexec",
		"executing in /opt/tools/bin/app/cache": "Landlock allows it in /opt/tools/bin; only the mount is noexec",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("gaps %v, want %v", got, want)
	}
}

// Nothing can be listed or executed but where the mounts say so, and nobody makes a device.
func TestLandlockRules(t *testing.T) {
	j := compile(t, shop(), testHost())
	for _, r := range j.plan.Landlock.Rules {
		e := cover(j.plan, r.Path)
		exec := e != nil && e.Flags&plan.NoExec == 0 && e.Wants != plan.Device
		// Of the runtime, whose mount cannot tell, only what the one program needs.
		exec = exec && r.Path != "/usr"
		if got := r.Access&unix.LANDLOCK_ACCESS_FS_EXECUTE != 0; got != exec {
			t.Errorf("%s: execute %v, want %v", r.Path, got, exec)
		}
		if r.Path == "/" || r.Access&(unix.LANDLOCK_ACCESS_FS_MAKE_CHAR|unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK) != 0 {
			t.Errorf("a rule for %s: %s", r.Path, rights(landlockFS, r.Access))
		}
	}
}
