package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// Allocs runs one of jpm's own Go benchmarks and reports its allocations for each operation.
type Allocs struct {
	// Package is relative to the module's root, and Benchmark is the name as go test takes it, with its subtest.
	Package, Benchmark string
}

func (e Allocs) String() string { return "go test -bench " + e.Benchmark + " " + e.Package }

func (e Allocs) sides() (a, b string) { return "", "jpm" }

func (e Allocs) measure(ctx context.Context, r *rig) (Result, error) {
	r.told(1)
	top, sub, _ := strings.Cut(e.Benchmark, "/")
	// Enough operations that what is allocated once, at the start, rounds to nothing.
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^"+top+"$/^"+sub+"$", "-benchmem", "-benchtime", "20000x", e.Package)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w: %s", e, err, strings.TrimSpace(string(out)))
	}
	allocs, err := parseAllocs(string(out), e.Benchmark)
	if err != nil {
		return Result{}, err
	}
	return Result{B: []Run{{Value: allocs}}}, nil
}

// parseAllocs finds a benchmark's "allocs/op" in what go test prints. Go adds the number of CPUs to the name.
func parseAllocs(out, benchmark string) (float64, error) {
	for line := range strings.Lines(out) {
		words := strings.Fields(line)
		if len(words) < 3 || words[0] != benchmark && !strings.HasPrefix(words[0], benchmark+"-") {
			continue
		}
		for i := 1; i < len(words); i++ {
			if words[i] == "allocs/op" {
				return strconv.ParseFloat(words[i-1], 64)
			}
		}
	}
	return 0, fmt.Errorf("%s did not run or does not report allocations: %q", benchmark, out)
}
