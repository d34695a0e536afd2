package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const cgroupRoot = "/sys/fs/cgroup"

// group is the cgroup of a task.
type group struct {
	dir  *os.File
	made []string // directories made for it, the outermost first; each has the controllers of the root
}

// makeGroup makes a cgroup and those above it.
func makeGroup(path string) (*group, error) {
	g := new(group)
	at := cgroupRoot
	for _, name := range strings.FieldsFunc(path, func(r rune) bool { return r == '/' }) {
		if err := handDown(at); err != nil {
			return nil, err
		}
		at = filepath.Join(at, name)
		if err := os.Mkdir(at, 0o755); err != nil {
			return nil, err
		}
		g.made = append(g.made, at)
	}
	var err error
	g.dir, err = os.Open(at)
	return g, err
}

// handDown gives all controllers that a cgroup has to those in it.
func handDown(dir string) error {
	b, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	if err != nil {
		return err
	}
	all := strings.Fields(string(b))
	if len(all) == 0 {
		return fmt.Errorf("%s has no controllers", dir)
	}
	return os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("+"+strings.Join(all, " +")), 0)
}

// remove removes what makeGroup made, so that the next task finds an untouched root. What the task has left is an error, and removed, too:
// cgroups, and below the root controllers handed down, which would keep processes out.
func (g *group) remove() error {
	errs := []error{leftIn(g.dir.Name()), g.dir.Close()}
	for i := len(g.made) - 1; i >= 0; i-- {
		errs = append(errs, os.Remove(g.made[i]), takeBack(filepath.Dir(g.made[i])))
	}
	return errors.Join(errs...)
}

func leftIn(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var below []string
	for _, e := range entries {
		if e.IsDir() {
			below = append(below, e.Name())
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "cgroup.subtree_control"))
	if err != nil {
		return err
	}
	given := strings.TrimSpace(string(b))
	if dir == cgroupRoot {
		given = "" // it may hold processes all the same, and who handed it down can have been killed
	}
	if len(below) == 0 && given == "" {
		return nil
	}
	errs := []error{fmt.Errorf("left behind in %s: cgroups %v, controllers handed down: %q", dir, below, given)}
	for _, name := range below {
		errs = append(errs, end(filepath.Join(dir, name)), removeTree(filepath.Join(dir, name)))
	}
	return errors.Join(errs...)
}

// end kills what is in a cgroup and those in it, and waits for its end: a test that panicked has not waited for its jails.
func end(dir string) error {
	if err := os.WriteFile(filepath.Join(dir, "cgroup.kill"), []byte("1"), 0); err != nil {
		return err
	}
	for range 100 {
		b, err := os.ReadFile(filepath.Join(dir, "cgroup.events"))
		if err != nil || bytes.Contains(b, []byte("populated 0")) {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("%s: its processes were killed and have not ended", dir)
}

// removeTree removes a cgroup and those in it.
func removeTree(dir string) error {
	entries, err := os.ReadDir(dir)
	errs := []error{err}
	for _, e := range entries {
		if e.IsDir() {
			errs = append(errs, removeTree(filepath.Join(dir, e.Name())))
		}
	}
	return errors.Join(append(errs, os.Remove(dir))...)
}

func takeBack(dir string) error {
	b, err := os.ReadFile(filepath.Join(dir, "cgroup.subtree_control"))
	if err != nil {
		return err
	}
	for _, c := range strings.Fields(string(b)) {
		if err := os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("-"+c), 0); err != nil {
			return err
		}
	}
	return nil
}
