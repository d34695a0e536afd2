package jail

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// The documentation lists the steps of jpm-init as they run.
func TestDocListsSteps(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var documented, real []string
	for _, m := range regexp.MustCompile(`(?m)^//\t([a-z-]+) {2,}\S`).FindAllSubmatch(doc, -1) {
		documented = append(documented, string(m[1]))
	}
	real = steps(t)
	if len(real) < 40 {
		t.Fatalf("found %d steps in the source, want more than 40: did its form change?", len(real))
	}
	if !slices.Equal(documented, real) {
		t.Errorf("doc.go lists\n%q\nand jpm-init runs\n%q", documented, real)
	}
}

// steps reads the names of jpm-init's steps from its source.
func steps(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, f := range []string{"init.go", "exec.go"} {
		src, err := os.ReadFile("../cmd/jpm-init/" + f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^\t\t\{"([a-z-]+)", `).FindAllSubmatch(src, -1) {
			all = append(all, string(m[1]))
		}
	}
	return all
}
