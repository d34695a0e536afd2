package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// stand gives one input at a time to a fuzz target: its test program, built to say what it reaches, runs in its package's directory.
type stand struct {
	dir        string // of the package
	target     string
	kept       string // directory of the inputs in the repository
	cache      string // directory of the inputs that the fuzzer has found
	work       string // removed by close
	program    string
	statements int // that there are to reach
}

func newStand(dir, target string) (*stand, error) {
	pkg, err := output("go", "list", dir)
	if err != nil {
		return nil, err
	}
	cache, err := output("go", "env", "GOCACHE")
	if err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp("", "jpm-corpus-")
	if err != nil {
		return nil, err
	}
	s := &stand{dir: dir, target: target, work: work, program: filepath.Join(work, "test"),
		kept: filepath.Join(dir, "testdata/fuzz", target), cache: filepath.Join(cache, "fuzz", pkg, target)}
	if _, err := output("go", "test", "-c", "-cover", "-coverpkg="+dir, "-o", s.program, dir); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *stand) close() error { return os.RemoveAll(s.work) }

// try gives the target an input that is not kept, or not yet.
func (s *stand) try(e entry) (coverage, error) {
	if err := s.keep(e); err != nil {
		return nil, err
	}
	reached, err := s.reach(e.name())
	return reached, errors.Join(err, os.Remove(filepath.Join(s.kept, e.name())))
}

// reach runs the inputs whose names match.
func (s *stand) reach(names string) (coverage, error) {
	profile := filepath.Join(s.work, "profile")
	cmd := exec.Command(s.program, "-test.run", "^"+s.target+"$/^"+names+"$", "-test.coverprofile", profile)
	cmd.Dir = s.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("input %s of %s: %w\n%s", names, s.target, err, out)
	}
	b, err := os.ReadFile(profile)
	if err != nil {
		return nil, err
	}
	reached, all, err := readProfile(bytes.NewReader(b))
	s.statements = all
	return reached, err
}

// keep puts an input into the repository.
func (s *stand) keep(e entry) error {
	b, err := os.ReadFile(e.path)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.kept, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.kept, e.name()), b, 0o644)
}

// entries are the inputs in a directory, the shortest first.
func entries(dir string) ([]entry, error) {
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var list []entry
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			return nil, err
		}
		list = append(list, entry{filepath.Join(dir, f.Name()), int(info.Size())})
	}
	slices.SortFunc(list, func(a, b entry) int { return cmp.Or(cmp.Compare(a.size, b.size), cmp.Compare(a.path, b.path)) })
	return list, nil
}

// output is what a program prints, without the newline.
func output(args ...string) (string, error) {
	var stderr bytes.Buffer
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, &stderr)
	}
	return strings.TrimSpace(string(out)), nil
}
