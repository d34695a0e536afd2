//go:build integration

package probes

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestProbes: every probe works where no jail is, and is stopped by jpm's.
func TestProbes(t *testing.T) { try(t, Run) }

// TestProbesOrdinaryUser: the jails of an ordinary user's jpm stop the same.
func TestProbesOrdinaryUser(t *testing.T) { try(t, RunOrdinary) }

func try(t *testing.T, run func(source, parent string) (*Report, error)) {
	t.Helper()
	needs(t)
	r, err := run(filepath.Join("..", ".."), "/srv")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range r.Failed() {
		t.Errorf("%s %s: without a jail %s, in the jail %s: %s", l.ID, l.Tries, l.Unjailed, l.Jailed, l.Note)
	}
	if n := r.count()[Held]; n < 200 {
		t.Errorf("only %d probes are held, want 200 and more: is something missing on this machine?\n%s", n, r.Summary())
	}
	t.Log(r.Summary())
}

// needs skips what cannot be run, unless the tests must run.
func needs(t *testing.T) {
	t.Helper()
	why := ""
	if os.Geteuid() != 0 {
		why = "needs root"
	} else if _, err := exec.LookPath("php-cgi"); err != nil {
		why = "needs php-cgi, test/setup installs it"
	}
	switch {
	case why == "":
	case os.Getenv("JPM_TEST_MUST_RUN") == "1":
		t.Fatal(why)
	default:
		t.Skip(why)
	}
}
