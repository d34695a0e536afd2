package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// programs are all that is built for the machine, by the file it becomes: the tests and what they would build themselves if Go were inside.
var programs = []struct {
	file string
	args []string
}{
	{"init", []string{"build", "./test/vm/init"}},
	{"jpm", []string{"build", "-trimpath", "-ldflags", "-X main.version=test", "./cmd/jpm"}},
	{"jpm-init", []string{"build", "-trimpath", "./cmd/jpm-init"}},
	{"site/worker", []string{"build", "./test/worker"}},
	{"jail/worker", []string{"build", "./jail/testdata/worker"}},
	{"cgroup.test", []string{"test", "-c", "./jail/internal/cgroup"}},
	{"seccomp.test", []string{"test", "-c", "./jail/internal/seccomp"}},
	{"init.test", []string{"test", "-c", "./cmd/jpm-init"}},
	{"jail.test", []string{"test", "-c", "./jail"}},
	{"jpm.test", []string{"test", "-c", "-tags", "integration", "./test"}},
}

// build builds the programs into dir. The two directories in it have jpm and jpm-init beside the worker that they are about.
func build(ctx context.Context, source, dir string) error {
	for _, p := range programs {
		file := filepath.Join(dir, p.file)
		args := append([]string{p.args[0], "-buildvcs=false", "-o", file}, p.args[1:]...)
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir = source
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	for _, link := range []string{"site/jpm", "site/jpm-init", "jail/jpm-init"} {
		if err := os.Link(filepath.Join(dir, filepath.Base(link)), filepath.Join(dir, link)); err != nil {
			return err
		}
	}
	return nil
}
