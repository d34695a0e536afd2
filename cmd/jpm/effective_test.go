package main

import (
	"errors"
	"strings"
	"testing"

	"jpm/jail"
)

// findings of a jail with one layer of each kind.
func findings() ([]jail.Finding, error) {
	return []jail.Finding{
		{Layer: "identity", State: jail.Enforced, How: "/proc/PID/status", Lines: []jail.Line{{Setting: "uid 1", State: jail.Enforced}}},
		{Layer: "landlock", State: jail.Partly, How: "tried inside by step prove-landlock", Lines: []jail.Line{
			{Setting: "files: reading, writing, making, removing, executing", State: jail.Enforced},
			{Setting: "UDP: binding and sending", State: jail.Off, Why: "needs Landlock version 10, the kernel has 7"}}},
		{Layer: "rlimit", State: jail.Off, How: "/proc/PID/limits", Lines: []jail.Line{{Setting: "core 0", State: jail.Enforced}},
			Err: &jail.VerifyError{What: "Max core file size", Want: "0 0", Got: "unlimited unlimited"}},
		{Layer: "labels", State: jail.Off, Lines: []jail.Line{{Setting: "AppArmor, SELinux", State: jail.Off, Why: "not in this version"}}},
	}, nil
}

func TestPrintMeasured(t *testing.T) {
	all := []measured{
		measuredAs("shop", findings),
		measuredAs("proxy", func() ([]jail.Finding, error) { return nil, errors.New("start proxy: no") }),
	}
	var b strings.Builder
	printMeasured(&b, all)
	const want = `pool "shop"
  LAYER         STATE     MEASURED BY
  identity      enforced  /proc/PID/status
  landlock      partly    tried inside by step prove-landlock
    off:     UDP: binding and sending (needs Landlock version 10, the kernel has
             7)
  rlimit        off       /proc/PID/limits
    differs: worker differs from its plan: Max core file size is "unlimited
             unlimited", want "0 0"
  labels        off
    off:     AppArmor, SELinux (not in this version)

proxy
  not measured: start proxy: no

`
	if got := b.String(); got != want {
		t.Errorf("printed\n%s\nwant\n%s", got, want)
	}
	for _, line := range strings.Split(b.String(), "\n") {
		if len(line) > columns {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
}

// One layer that differs, or one jail that could not be measured, and the command fails.
func TestAsPlanned(t *testing.T) {
	good := measuredAs("a", func() ([]jail.Finding, error) { f, err := findings(); return f[:2], err })
	for _, c := range []struct {
		name string
		all  []measured
		want bool
	}{
		{"good", []measured{good, good}, true},
		{"differs", []measured{good, measuredAs("b", findings)}, false},
		{"not measured", []measured{measuredAs("b", func() ([]jail.Finding, error) { return nil, errors.New("no") }), good}, false},
	} {
		if got := asPlanned(c.all); got != c.want {
			t.Errorf("%s: asPlanned = %v, want %v", c.name, got, c.want)
		}
	}
}
