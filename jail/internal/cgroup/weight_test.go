package cgroup

import (
	"os"
	"path/filepath"
	"testing"
)

// The file of IO weights is looked for where it shows; where it shows nowhere, nothing is said.
func TestFindWeight(t *testing.T) {
	const none = "the kernel has no io.weight (no io.cost, no BFQ)"
	for _, c := range []struct {
		name      string
		files     map[string]string
		file, why string
	}{
		{"io.cost", map[string]string{"cgroup.type": "", "cgroup.controllers": "cpu io", "io.weight": ""}, "io.weight", ""},
		{"BFQ", map[string]string{"cgroup.type": "", "cgroup.controllers": "cpu io", "io.weight": "", "io.bfq.weight": ""}, "io.bfq.weight", ""},
		{"neither", map[string]string{"cgroup.type": "", "cgroup.controllers": "cpu io"}, "io.weight", none},
		{"the root", map[string]string{"cgroup.controllers": "cpu io", "a/cgroup.controllers": "cpu", "b/cgroup.controllers": "io", "b/io.bfq.weight": ""}, "io.bfq.weight", ""},
		{"the root, neither", map[string]string{"cgroup.controllers": "cpu io", "b/cgroup.controllers": "io"}, "io.weight", none},
		{"the root, nobody was given io", map[string]string{"cgroup.controllers": "cpu io", "b/cgroup.controllers": "cpu"}, "io.weight", ""},
	} {
		dir := t.TempDir()
		for name, text := range c.files {
			name = filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if file, why := findWeight(dir); file != c.file || why != c.why {
			t.Errorf("%s: %q, %q, want %q, %q", c.name, file, why, c.file, c.why)
		}
	}
}

// A file that is missing when the pool's cgroup is made is named.
func TestAbsent(t *testing.T) {
	u := &Hierarchy{Path: "/", Dir: t.TempDir()}
	tree := &Tree{host: &Host{Place: Place{Unified: u}, WeightFile: "io.weight"}, name: "jpm"}
	dir := tree.dir(u, "pool.shop")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pids.max"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	l := Limits{Pids: 7, IOWeight: 200}
	err, ok := tree.absent(l, "pool.shop").(*Absent)
	if !ok || err.Controller != IO || err.File != "io.weight" {
		t.Errorf("absent() = %v, want io.weight", err)
	}
	if err := tree.absent(l.Without(IO), "pool.shop"); err != nil {
		t.Errorf("without io: %v", err)
	}
}
