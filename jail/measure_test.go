package jail

import (
	"errors"
	"strings"
	"testing"
)

func TestFinding(t *testing.T) {
	on, some, none := enforced("a"), partly("b", "why"), off("c", "why")
	differs := errors.New("differs")
	for _, c := range []struct {
		lines []Line
		err   error
		state State
		how   string
	}{
		{[]Line{on}, nil, Enforced, "seen"},
		{[]Line{on, on}, nil, Enforced, "seen"},
		{[]Line{on, some}, nil, Partly, "seen"},
		{[]Line{on, none}, nil, Partly, "seen"},
		{[]Line{some}, nil, Partly, "seen"},
		{[]Line{some, none}, nil, Partly, "seen"},
		{[]Line{none, none}, nil, Off, ""},
		{[]Line{on}, differs, Off, "seen"},
		{[]Line{on, some}, differs, Off, "seen"},
	} {
		f := finding(&layer{name: "x", seen: seen{how: "seen"}}, c.lines, c.err)
		if f.State != c.state || f.How != c.how || f.Err != c.err || f.Layer != "x" || f.Lines[0].Layer != "x" {
			t.Errorf("finding(%v, %v) = %+v, want %s measured by %q", c.lines, c.err, f, c.state, c.how)
		}
	}
}

// No layer is enforced by its own word alone.
func TestLayersAreMeasured(t *testing.T) {
	j := compile(t, shop(), testHost())
	names := map[string]bool{}
	for _, l := range layers {
		if names[l.name] {
			t.Errorf("layer %s is there twice", l.name)
		}
		names[l.name] = true
		for _, line := range l.lines(j) {
			if line.State != Off && l.seen.how == "" {
				t.Errorf("layer %s: %q is %s and nothing measures it", l.name, line.Setting, line.State)
			}
			if (line.State == Enforced) != (line.Why == "") {
				t.Errorf("layer %s: %q is %s because %q", l.name, line.Setting, line.State, line.Why)
			}
		}
	}
}

// What is measured is what the worker has: with a step left out, its layer differs and the others stand. Nothing is left.
func TestMeasure(t *testing.T) {
	h := needRoot(t)
	for step, want := range map[string]string{"": "", "umask": "process", "rlimits": "rlimit", "bounding-set": "capabilities", "read-only-root": "files", "seccomp": "seccomp"} {
		t.Run("without "+step, func(t *testing.T) {
			// The listener's absence alone would stop the start.
			no := *h
			no.Listener = Feature{Why: "a test"}
			s := newSpawner(t, Options{skipStep: step, Dir: site(t, nil)})
			j := compile(t, workerPool(), &no)
			if err := s.AddPool(j); err != nil {
				t.Fatal(err)
			}
			before := look(t, s)
			found, err := s.Measure(startContext(t), j)
			if err != nil {
				t.Fatal(err)
			}
			if after := look(t, s); !after.equal(before) {
				t.Errorf("left behind: before %+v, after %+v", before, after)
			}
			var differs []string
			for _, f := range found {
				if f.Err != nil {
					differs = append(differs, f.Layer)
					t.Log(f.Err)
				}
			}
			if got := strings.Join(differs, " "); got != want {
				t.Errorf("differs in %q, want %q", got, want)
			}
			if len(found) < 12 {
				t.Errorf("%d layers", len(found))
			}
		})
	}
}
