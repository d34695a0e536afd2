package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"github.com/opencontainers/cgroups"
	cgroupsv1 "github.com/opencontainers/cgroups/fs"
	cgroupsv2 "github.com/opencontainers/cgroups/fs2"
	"github.com/opencontainers/cgroups/fscommon"
	"golang.org/x/sys/unix"
)

// Pool is the cgroup of a pool's workers together.
type Pool struct {
	t           *Tree
	name        string
	sum, worker Limits
	where       map[string]*Hierarchy
	born        int // workers so far, so that their names differ; guarded by Tree.mu
}

// Pool makes the cgroup of a pool: sum bounds its workers together, worker each of them. A controller that was offered and has not the
// file of a limit is an *Absent.
func (t *Tree) Pool(name string, sum, worker Limits) (_ *Pool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := &Pool{t: t, name: name, sum: sum, worker: worker, where: t.hierarchies(sum, worker)}
	defer func() {
		if err != nil {
			p.remove()
		}
	}()
	if err := t.give(t.v2(sum, worker)); err != nil {
		return nil, err
	}
	for _, h := range p.where {
		if err := os.MkdirAll(t.dir(h), 0o755); err != nil {
			return nil, fmt.Errorf("cgroup: %w", err)
		}
		if err := os.Mkdir(t.dir(h, name), 0o755); err != nil {
			return nil, fmt.Errorf("cgroup: %w", err)
		}
	}
	if err := t.absent(sum, name); err != nil {
		return nil, err
	}
	if err := t.set(sum, false, name); err != nil {
		return nil, err
	}
	for _, c := range t.v2(worker, p.counted()) {
		if err := cgroups.WriteFile(t.dir(p.where[""], name), "cgroup.subtree_control", "+"+c); err != nil {
			return nil, fmt.Errorf("cgroup %s: hand down %s: %w", name, c, err)
		}
	}
	return p, nil
}

// counted are the limits whose counters each worker's cgroup has to have: what the kernel does for a limit of the sum it counts, but for
// what PoolPidsEvents is about, where the process is that it does it to.
func (p *Pool) counted() Limits {
	return Limits{Memory: max(p.worker.Memory, p.sum.Memory), Pids: max(p.worker.Pids, p.sum.Pids)}
}

func (p *Pool) remove() {
	for _, h := range p.where {
		_ = remove(p.t.dir(h, p.name)) // Close tries again and tells
	}
}

// Absent says that a controller is there and a file of it is not.
type Absent struct {
	Controller Controller
	File       string
}

func (a *Absent) Error() string { return "the kernel has no " + a.File }

// absent looks whether the files that bound the cgroup at below are there.
func (t *Tree) absent(l Limits, below ...string) error {
	for _, s := range l.settings(t.host, false) {
		if _, err := os.Stat(filepath.Join(t.controllerDir(s.controller, below...), s.file)); errors.Is(err, os.ErrNotExist) {
			return &Absent{s.controller, s.file}
		}
	}
	return nil
}

// v2 lists the controllers of version 2 that limits need, by name.
func (t *Tree) v2(ls ...Limits) []string {
	var all []string
	for _, l := range ls {
		for _, c := range l.Needs() {
			if t.host.inV2(c) {
				all = append(all, namesV2[c])
			}
		}
	}
	return all
}

// set writes limits into the cgroup at below. The caller holds mu.
func (t *Tree) set(l Limits, whole bool, below ...string) error {
	paths := map[string]string{}
	for _, c := range l.Needs() {
		if h, ok := t.host.Place.V1[namesV1[c]]; ok {
			paths[namesV1[c]] = t.dir(&h, below...)
		}
	}
	if len(paths) > 0 {
		r := l.resources(t.host, false, whole)
		m, err := cgroupsv1.NewManager(&cgroups.Cgroup{Resources: r}, paths)
		if err == nil {
			err = m.Set(r)
		}
		if err != nil {
			return fmt.Errorf("cgroup %s: %w", path.Join(below...), err)
		}
	}
	if len(t.v2(l)) > 0 {
		r := l.resources(t.host, true, whole)
		m, err := cgroupsv2.NewManager(&cgroups.Cgroup{Resources: r}, t.dir(t.host.Place.Unified, below...))
		if err == nil {
			err = m.Set(r)
		}
		if err != nil {
			return fmt.Errorf("cgroup %s: %w", path.Join(below...), err)
		}
	}
	return nil
}

// Group is the cgroup of one worker. All methods may be called concurrently, and after Remove do nothing.
type Group struct {
	p    *Pool
	name string
	fd   int // of the directory in version 2, -1 without

	oom     *os.File      // eventfd of version 1, or nil
	oomDone chan struct{} // closed when nobody reads oom any more

	mu   sync.Mutex // guards gone, and keeps Remove from coming between
	gone bool
}

// Worker makes a cgroup for one worker, with its limits. The name is for people. Remove must be called when the worker has ended.
func (p *Pool) Worker(name string) (_ *Group, err error) {
	p.t.mu.Lock()
	defer p.t.mu.Unlock()
	p.born++
	g := &Group{p: p, name: fmt.Sprintf("worker.%s.%d", strings.ReplaceAll(name, "/", "-"), p.born), fd: -1}
	defer func() {
		if err != nil {
			_ = g.Remove()
		}
	}()
	for _, h := range p.where {
		if err := os.Mkdir(g.dir(h), 0o755); err != nil {
			return nil, fmt.Errorf("cgroup: %w", err)
		}
	}
	if err := p.t.set(p.worker, true, p.name, g.name); err != nil {
		return nil, err
	}
	if u := p.where[""]; u != nil {
		if g.fd, err = unix.Open(g.dir(u), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err != nil {
			return nil, fmt.Errorf("cgroup: open %s: %w", g.dir(u), err)
		}
	}
	return g, nil
}

func (g *Group) dir(h *Hierarchy) string { return g.p.t.dir(h, g.p.name, g.name) }

// FD is a descriptor of the version 2 cgroup, for a process to be born in (CLONE_INTO_CGROUP, Linux 5.7), or -1. It is closed by Remove.
func (g *Group) FD() int { return g.fd }

// Place moves a process, which must not have done anything yet, into the cgroups that it could not be born in: those of version 1.
func (g *Group) Place(pid int) error {
	for name, h := range g.p.where {
		if name == "" {
			continue
		}
		if err := cgroups.WriteCgroupProc(g.dir(h), pid); err != nil {
			return fmt.Errorf("cgroup %s: place %d: %w", g.dir(h), pid, err)
		}
	}
	return nil
}

// Mismatch says what differs from what was asked for.
type Mismatch struct{ What, Want, Got string }

func (m *Mismatch) Error() string { return fmt.Sprintf("%s is %q, want %q", m.What, m.Got, m.Want) }

// Verify reads back where a process is and what bounds it. What differs is a *Mismatch.
func (g *Group) Verify(pid int) error {
	at, err := cgroups.ParseCgroupFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		return fmt.Errorf("verify cgroup: %w", err)
	}
	for name, h := range g.p.where {
		if want := path.Join(h.Path, g.p.t.name, g.p.name, g.name); at[name] != want {
			return &Mismatch{strings.TrimSpace("cgroup " + name), want, at[name]}
		}
	}
	for _, part := range []struct {
		limits Limits
		whole  bool
		below  []string
	}{{g.p.worker, true, []string{g.p.name, g.name}}, {g.p.sum, false, []string{g.p.name}}} {
		for _, s := range part.limits.settings(g.p.t.host, part.whole) {
			file := filepath.Join(g.p.t.controllerDir(s.controller, part.below...), s.file)
			b, err := os.ReadFile(file)
			if err != nil {
				return fmt.Errorf("verify cgroup: %w", err)
			}
			if got := strings.TrimSpace(string(b)); !s.same(got) {
				return &Mismatch{"cgroup file " + path.Join(append(part.below, s.file)...), s.value, got}
			}
		}
	}
	return nil
}

// controllerDir is the directory in which c bounds the cgroup at below.
func (t *Tree) controllerDir(c Controller, below ...string) string {
	if h, ok := t.host.Place.V1[namesV1[c]]; ok {
		return t.dir(&h, below...)
	}
	return t.dir(t.host.Place.Unified, below...)
}

// Events counts what the limits have done.
type Events struct {
	// OOMKills is the number of processes killed for want of memory, in the worker's cgroup, its pool's or the host.
	OOMKills uint64
	// PidsMax is how often a process or thread was refused, by the worker's limit or, as PidsEvents says, the pool's.
	PidsMax uint64
}

// Events reads the counters. Those of a controller that neither the worker nor its pool has a limit of are 0.
func (g *Group) Events() (Events, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var e Events
	if g.gone {
		return e, nil
	}
	var errs []error
	for _, c := range g.p.counted().Needs() {
		var err error
		switch dir := g.p.t.controllerDir(c, g.p.name, g.name); {
		case c == Memory && g.p.t.host.inV2(c):
			e.OOMKills, err = cgroupsv2.OOMKillCount(dir)
		case c == Memory:
			e.OOMKills, err = cgroupsv1.OOMKillCount(dir)
		case c == Pids:
			e.PidsMax, err = fscommon.GetValueByKey(dir, "pids.events", "max")
		}
		errs = append(errs, err)
	}
	return e, errors.Join(errs...)
}

// PidsEvents opens the file in which the kernel counts refused processes, nil if neither the worker nor its pool has a limit of them. What
// the pool's limit refuses is in it on version 1, and on version 2 before Linux 6.11. The caller closes it.
func (g *Group) PidsEvents() (*os.File, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.gone || g.p.counted().Pids == 0 {
		return nil, nil
	}
	f, err := cgroups.OpenFile(g.p.t.controllerDir(Pids, g.p.name, g.name), "pids.events", unix.O_RDONLY)
	if err != nil {
		return nil, fmt.Errorf("cgroup: %w", err)
	}
	return f, nil
}

// PoolPidsEvents opens the file in which the kernel counts what the pool's limit of processes refused to any of its workers: that of Linux
// 6.11, version 2. It is nil elsewhere, where PidsEvents has them. The caller closes it.
func (g *Group) PoolPidsEvents() (*os.File, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.gone || g.p.sum.Pids == 0 || !g.p.t.host.inV2(Pids) {
		return nil, nil
	}
	f, err := cgroups.OpenFile(g.p.t.controllerDir(Pids, g.p.name), "pids.events.local", unix.O_RDONLY)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cgroup: %w", err)
	}
	return f, nil
}

// Remove removes the cgroup. Everything in it must have ended; what is not quite gone is waited for, a moment.
func (g *Group) Remove() error {
	if g.oom != nil {
		g.oom.Close()
		<-g.oomDone
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.gone {
		return nil
	}
	g.gone = true
	if g.fd >= 0 {
		unix.Close(g.fd)
	}
	var errs []error
	for _, h := range g.p.where {
		errs = append(errs, remove(g.dir(h)))
	}
	return errors.Join(errs...)
}
