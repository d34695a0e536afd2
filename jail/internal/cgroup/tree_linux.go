package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/opencontainers/cgroups"
	"golang.org/x/sys/unix"
)

// Tree is jpm's own cgroup. Its methods and those of its pools may be called concurrently.
type Tree struct {
	host *Host
	name string

	mu sync.Mutex // guards what follows and serialises the library, parts of which are global
	// given are the version 2 controllers that our cgroup hands down, and added those that the one above us did not before.
	given, added []string
	moved        bool // the master is in its leaf
}

var trees atomic.Int32 // of this process, so that their names differ

// Open makes jpm's own cgroup in the version 2 hierarchy, if there is one; those of version 1 are made when they are needed. First it
// removes what masters that are gone have left, if it is empty. Close must be called.
func Open(h *Host) (*Tree, error) {
	if h.Off != "" {
		return nil, errors.New(h.Off)
	}
	removeLeftovers(h)
	start, err := startTime(os.Getpid())
	if err != nil {
		return nil, err
	}
	t := &Tree{host: h, name: fmt.Sprintf("jpm-%d-%s-%d", os.Getpid(), start, trees.Add(1))}
	if u := h.Place.Unified; u != nil {
		if err := os.Mkdir(t.dir(u), 0o755); err != nil {
			return nil, fmt.Errorf("cgroup: %w", err)
		}
	}
	return t, nil
}

func (t *Tree) dir(h *Hierarchy, below ...string) string {
	return filepath.Join(append([]string{h.Dir, t.name}, below...)...)
}

// hierarchies are those in which cgroups with these limits have to be, by the name /proc/PID/cgroup has for them.
func (t *Tree) hierarchies(ls ...Limits) map[string]*Hierarchy {
	all := map[string]*Hierarchy{}
	if u := t.host.Place.Unified; u != nil {
		all[""] = u
	}
	v1 := func(name string) {
		if h, ok := t.host.Place.V1[name]; ok {
			all[name] = &h
		}
	}
	if t.host.Kill == "freezer" {
		v1("freezer")
	}
	for _, l := range ls {
		for _, c := range l.Needs() {
			v1(namesV1[c])
		}
	}
	return all
}

// give hands controllers of version 2 down to the children of our cgroup. The first time the master moves into a leaf, because a
// cgroup that hands out controllers holds no process itself. The caller holds mu.
func (t *Tree) give(controllers []string) error {
	u := t.host.Place.Unified
	for _, c := range controllers {
		if slices.Contains(t.given, c) {
			continue
		}
		if !t.moved {
			leaf := t.dir(u, "master")
			if err := os.Mkdir(leaf, 0o755); err != nil {
				return fmt.Errorf("cgroup: %w", err)
			}
			if err := t.host.move(leaf); err != nil {
				return fmt.Errorf("cgroup: move the master: %w", err)
			}
			t.moved = true
		}
		b, err := cgroups.ReadFile(u.Dir, "cgroup.subtree_control")
		if err != nil {
			return fmt.Errorf("cgroup: %w", err)
		}
		if !slices.Contains(strings.Fields(b), c) {
			if err := cgroups.WriteFile(u.Dir, "cgroup.subtree_control", "+"+c); err != nil {
				if why := t.host.busy(u); errors.Is(err, unix.EBUSY) && why != "" {
					err = fmt.Errorf("%w: %s", err, why)
				}
				return fmt.Errorf("cgroup %s: hand down %s: %w", u.Path, c, err)
			}
			t.added = append(t.added, c)
		}
		if err := cgroups.WriteFile(t.dir(u), "cgroup.subtree_control", "+"+c); err != nil {
			return fmt.Errorf("cgroup %s: hand down %s: %w", t.name, c, err)
		}
		t.given = append(t.given, c)
	}
	return nil
}

// move moves what is jpm's own to a cgroup of version 2.
func (h *Host) move(dir string) error {
	var errs []error
	for _, pid := range h.own {
		errs = append(errs, cgroups.WriteCgroupProc(dir, pid))
	}
	return errors.Join(errs...)
}

// Close removes everything the tree has made, and takes the master back to where it was started. Pools must be empty.
func (t *Tree) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var errs []error
	for _, h := range t.host.Place.V1 {
		errs = append(errs, remove(t.dir(&h)))
	}
	u := t.host.Place.Unified
	if u == nil {
		return errors.Join(errs...)
	}
	// Children first: a controller can only be taken back from who does not hand it on.
	entries, err := os.ReadDir(t.dir(u))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		errs = append(errs, err)
	}
	for _, e := range entries {
		if e.IsDir() && e.Name() != "master" {
			errs = append(errs, remove(t.dir(u, e.Name())))
		}
	}
	for _, c := range t.given {
		errs = append(errs, cgroups.WriteFile(t.dir(u), "cgroup.subtree_control", "-"+c))
	}
	for _, c := range t.added {
		errs = append(errs, cgroups.WriteFile(u.Dir, "cgroup.subtree_control", "-"+c))
	}
	if t.moved {
		errs = append(errs, t.host.move(u.Dir))
	}
	t.given, t.added, t.moved = nil, nil, false
	errs = append(errs, remove(t.dir(u)))
	return errors.Join(errs...)
}

// remove removes a cgroup and those in it. It waits some moments for what is about to leave.
func remove(dir string) error {
	if err := cgroups.RemovePath(dir); err != nil {
		return fmt.Errorf("cgroup: %w", err)
	}
	return nil
}

// removeLeftovers removes the cgroups of masters that were killed. They are told by name: jpm-PID-START of a process that is not there any
// more. One with processes in it stays, whoever they are: ours die with their master.
func removeLeftovers(h *Host) {
	places := []Hierarchy{}
	if u := h.Place.Unified; u != nil {
		places = append(places, *u)
	}
	for _, v1 := range h.Place.V1 {
		places = append(places, v1)
	}
	for _, p := range places {
		entries, err := os.ReadDir(p.Dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if e.IsDir() && leftover(e.Name(), startTime) {
				removeEmpty(filepath.Join(p.Dir, e.Name()))
			}
		}
	}
}

// leftover reports whether name is that of a tree whose master is gone.
func leftover(name string, startTime func(pid int) (string, error)) bool {
	f := strings.Split(name, "-")
	if len(f) != 4 || f[0] != "jpm" {
		return false
	}
	pid, err := strconv.Atoi(f[1])
	if err != nil || pid <= 0 {
		return false
	}
	start, err := startTime(pid)
	return err != nil || start != f[2]
}

// removeEmpty removes a cgroup and those in it as far as nobody is in them.
func removeEmpty(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if e.IsDir() {
			removeEmpty(filepath.Join(dir, e.Name()))
		}
	}
	_ = unix.Rmdir(dir) // EBUSY: it is in use, and stays
}

// startTime is when a process started, in ticks since boot (proc_pid_stat(5)): with the pid it names one process for good.
func startTime(pid int) (string, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", err
	}
	// The name in brackets can hold anything.
	_, rest, ok := strings.Cut(string(b[max(0, strings.LastIndexByte(string(b), ')')):]), " ")
	f := strings.Fields(rest)
	if !ok || len(f) < 20 {
		return "", fmt.Errorf("/proc/%d/stat: unknown form", pid)
	}
	return f[19], nil
}
