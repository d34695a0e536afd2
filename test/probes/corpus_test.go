package probes

import (
	"regexp"
	"strings"
	"testing"
)

// TestCorpusIsWhole: ids are in order and unique, and each line says what a line has to say.
func TestCorpusIsWhole(t *testing.T) {
	id := regexp.MustCompile(`^[A-I][0-9]{2}$`)
	last := ""
	for _, p := range Corpus() {
		if !id.MatchString(p.ID) {
			t.Errorf("%q is no id", p.ID)
		}
		if p.ID <= last {
			t.Errorf("%s comes after %s", p.ID, last)
		}
		last = p.ID
		if p.Tries == "" || p.Name == "" {
			t.Errorf("%s: says not what it tries, or how", p.ID)
		}
		if (p.Bare == Never) != (p.Why != "") {
			t.Errorf("%s: is made without a jail: %q, why not: %q", p.ID, p.Bare, p.Why)
		}
		for outcome := range p.Stops {
			if p.through(outcome) {
				t.Errorf("%s: %s is said to be stopped and to be through", p.ID, outcome)
			}
		}
		if p.How == PHP && p.Bare == InNamespaces {
			t.Errorf("%s: scripts do not run in namespaces of their own", p.ID)
		}
		if p.How == Outside && observers[p.Name] == nil && requests("")[p.Name].shows == nil && !strings.Contains("left-process left-file foreign-client", p.Name) {
			t.Errorf("%s: nobody makes %s", p.ID, p.Name)
		}
	}
}

// TestReasons: each is about probes that there are, and no probe has two.
func TestReasons(t *testing.T) {
	left := map[string]bool{}
	for _, p := range Corpus() {
		left[p.ID] = true
	}
	for _, r := range reasons {
		for _, id := range strings.Fields(r.ids) {
			if !left[id] {
				t.Errorf("%s: no such probe, or it has a reason already", id)
			}
			delete(left, id)
		}
	}
	stopped := Stops{"EPERM": Seccomp}
	all := []Depth{
		{Probe: native("B31", "fork", "x", AsUser, stopped), Whole: "EPERM", Without: map[Layer]string{Seccomp: Works}},
		{Probe: native("A01", "read", "x", AsUser, stopped), Whole: "EPERM", Without: map[Layer]string{Seccomp: Works}},
		{Probe: native("A02", "list", "x", AsUser, stopped), Whole: "EPERM", Without: map[Layer]string{Seccomp: "EACCES"}},
	}
	if got := Unexplained(all); len(got) != 1 || got[0] != "A01 read" {
		t.Errorf("unexplained: %q, want A01", got)
	}
	table := DepthTable(all)
	for _, want := range []string{"RLIMIT_NPROC, `pids.max`", "| B31 | fork | seccomp | ok |", "lacks the second layer.\n\n| id", "| A02 | list | seccomp | EACCES |"} {
		if !strings.Contains(table, want) {
			t.Errorf("the table says not %q:\n%s", want, table)
		}
	}
}

func TestJudge(t *testing.T) {
	p := native("A01", "try", "x", AsUser, Stops{"EPERM": Seccomp}).reached("EFAULT").absent("ENOSYS")
	never := p.never("it would hurt")
	open := native("A01", "try", "x", AsUser, nil)
	for _, c := range []struct {
		name         string
		probe        Probe
		bare, jailed string
		want         Verdict
		by           Layer
		note         string
	}{
		{"stopped", p, Works, "EPERM", Held, Seccomp, ""},
		{"stopped after nonsense", p, "EFAULT", "EPERM", Held, Seccomp, ""},
		{"through", p, Works, Works, Failed, "", "got through"},
		{"the kernel looked at it", p, Works, "EFAULT", Failed, "", "got through"},
		{"stopped by nobody knows what", p, Works, "ENOENT", Failed, "", "otherwise"},
		{"never works", p, "EACCES", "EPERM", Failed, "", "proves nothing"},
		{"this kernel has it not", p, "ENOSYS", "EPERM", NotApplicable, "", "ENOSYS"},
		{"in the jail alone", never, "", "EPERM", Held, Seccomp, "it would hurt"},
		{"in the jail alone, through", never, "", Works, Failed, "", "got through"},
		{"open", open, Works, Works, Open, Nobody, ""},
		{"no longer open", open, Works, "EPERM", Failed, "", "said to be open"},
	} {
		v, by, note := c.probe.Judge(c.bare, c.jailed)
		if v != c.want || by != c.by || !strings.Contains(note, c.note) || c.note == "" && note != "" {
			t.Errorf("%s: %s by %q, %q; want %s by %q, %q", c.name, v, by, note, c.want, c.by, c.note)
		}
	}
}

func TestOutcomeOf(t *testing.T) {
	for _, c := range []struct {
		allowed bool
		message string
		want    string
	}{
		{true, "", Works},
		{false, "ENOENT: No such file or directory", "ENOENT"},
		{false, "ENOSPC: No space left on device, after 15 MiB", "ENOSPC"},
		{false, "only its own in /proc", Nothing},
		{false, "nothing there", Nothing},
		{false, "Call to undefined function pcntl_fork()", "no function"},
		{false, "Everything else", "Everything else"},
	} {
		if got := outcomeOf(c.allowed, c.message); got != c.want {
			t.Errorf("%v %q: %s, want %s", c.allowed, c.message, got, c.want)
		}
	}
}
