package jail

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"jpm/config"
	"jpm/jail/plan"
)

// tree collects what the new root holds and puts it in order.
type tree struct {
	nodes []plan.Entry
	// listed: of the runtime only the libraries, the command and what jail.exec names stay executable.
	listed bool
}

func (t *tree) add(e plan.Entry) { t.nodes = append(t.nodes, e) }

func (t *tree) addRuntime(h *Host) {
	for _, r := range h.Runtime {
		if r.Link != "" {
			t.add(plan.Entry{Kind: plan.Link, Path: r.Path, Data: r.Link, Origin: "the runtime"})
			continue
		}
		e := plan.Entry{Kind: plan.Bind, Path: r.Path, Source: r.Source, Wants: plan.Regular, Origin: "the runtime",
			Flags: plan.ReadOnly | plan.NoSuid | plan.NoDev}
		if r.Dir {
			e.Wants, e.Recursive = plan.Directory, true
		}
		if !r.Exec || t.listed && !isLibrary(r.Path) {
			e.Flags |= plan.NoExec
		}
		t.add(e)
	}
	if t.listed {
		t.addLibraries(h)
	}
}

func (t *tree) addDev(h *Host) {
	for _, d := range devices {
		// Read-only keeps its mode and times; a device on a read-only mount can still be written to.
		t.add(plan.Entry{Kind: plan.Bind, Path: d.path, Source: d.path, Wants: plan.Device, Rdev: d.major<<8 | d.minor,
			Flags: plan.ReadOnly | plan.NoSuid | plan.NoExec, Origin: "the jail's /dev"})
	}
	if !h.Proc.On {
		return
	}
	t.add(plan.Entry{Kind: plan.Proc, Path: "/proc", Origin: "the jail's /proc",
		Flags: plan.ReadOnly | plan.NoSuid | plan.NoDev | plan.NoExec})
	// Programs log to /dev/stderr; these lead to descriptors the process has anyway.
	for name, fd := range map[string]string{"fd": "", "stdin": "/0", "stdout": "/1", "stderr": "/2"} {
		t.add(plan.Entry{Kind: plan.Link, Path: "/dev/" + name, Data: "/proc/self/fd" + fd, Origin: "the jail's /dev"})
	}
}

func (t *tree) addTmp() {
	t.add(plan.Entry{Kind: plan.Bind, Path: "/tmp", Wants: plan.PoolTmp, Flags: plan.NoSuid | plan.NoDev | plan.NoExec, Origin: "limits.tmp"})
	t.add(plan.Entry{Kind: plan.Link, Path: "/var/tmp", Data: "/tmp", Origin: "limits.tmp"})
	// Programs know the way to services by its old name: PHP's default for MySQL's socket is in /var/run.
	t.add(plan.Entry{Kind: plan.Link, Path: "/var/run", Data: "/run", Origin: "the jail's /var/run"})
	t.add(plan.Entry{Kind: plan.Dir, Path: "/run", Mode: 0o755, Origin: "the jail's /run"})
}

// addShm gives POSIX shared memory and semaphores (shm_overview(7), sem_overview(7)) their place, in what /tmp may hold. PHP has none of it.
func (t *tree) addShm() {
	t.add(plan.Entry{Kind: plan.Link, Path: "/dev/shm", Data: "/tmp", Origin: "limits.tmp"})
}

// addSite adds the paths of the configuration.
func (t *tree) addSite(j config.Jail, h *Host) error {
	write := plan.NoSuid | plan.NoDev | plan.NoExec
	if h.NoSymFollow.On {
		write |= plan.NoSymFollow
	}
	for _, list := range []struct {
		name  string
		paths []string
		flags plan.Flags
		wants plan.Wants
	}{
		{"jail.read", j.Read, plan.ReadOnly | plan.NoSuid | plan.NoDev | plan.NoExec, plan.Any},
		{"jail.write", j.Write, write, plan.Directory},
		{"jail.exec", j.Exec, plan.ReadOnly | plan.NoSuid | plan.NoDev, plan.Any},
	} {
		for _, p := range list.paths {
			origin := list.name + " " + p
			if !path.IsAbs(p) {
				return fmt.Errorf("%s: want an absolute path", origin)
			}
			c := path.Clean(p)
			if list.name == "jail.exec" {
				var err error
				if c, err = t.realProgram(c, h); err != nil {
					return fmt.Errorf("%s: %w", origin, err)
				}
				if t.isExec(c) {
					continue // another name for it came first
				}
			}
			for _, own := range []string{"/proc", "/dev", "/sys", "/tmp", "/var/tmp"} {
				if within(own, c) {
					return fmt.Errorf("%s: %s in a jail is the jail's own", origin, own)
				}
			}
			for _, n := range t.nodes {
				if n.Path == c {
					return fmt.Errorf("%s: is already there as %s", origin, n.Origin)
				}
				if within(c, n.Path) && !strings.HasPrefix(n.Origin, "jail.") {
					return fmt.Errorf("%s: would cover %s of the jail; name the directories below it that are needed", origin, n.Path)
				}
			}
			t.add(plan.Entry{Kind: plan.Bind, Path: c, Source: c, Wants: list.wants, Flags: list.flags, Recursive: true, Origin: origin})
		}
	}
	return nil
}

// entries gives the nodes and the directories they need, parents first. What lies in a bind needs no directory: it exists
// in the bind's source.
func (t *tree) entries() ([]plan.Entry, error) {
	seen := make(map[string]plan.Entry)
	for _, n := range t.nodes {
		if other, dup := seen[n.Path]; dup {
			return nil, fmt.Errorf("%s: %s is already there as %s", n.Origin, n.Path, other.Origin)
		}
		seen[n.Path] = n
	}
	var dirs []plan.Entry
	for _, n := range t.nodes {
		for p := path.Dir(n.Path); p != "/"; p = path.Dir(p) {
			if up, ok := seen[p]; ok {
				if up.Kind == plan.Link || up.Kind == plan.File {
					return nil, fmt.Errorf("%s: %s is a link or file in the jail; name the place it leads to", n.Origin, p)
				}
				continue
			}
			d := plan.Entry{Kind: plan.Dir, Path: p, Mode: 0o755}
			seen[p] = d
			dirs = append(dirs, d)
		}
	}
	all := append(slices.Clone(t.nodes), dirs...)
	// A directory inside a bind is the source's own.
	all = slices.DeleteFunc(all, func(e plan.Entry) bool {
		return e.Kind == plan.Dir && slices.ContainsFunc(t.nodes, func(b plan.Entry) bool { return b.Kind == plan.Bind && within(b.Path, e.Path) })
	})
	slices.SortFunc(all, func(a, b plan.Entry) int {
		return cmp.Or(cmp.Compare(strings.Count(a.Path, "/"), strings.Count(b.Path, "/")), strings.Compare(a.Path, b.Path))
	})
	return all, nil
}

// within says whether p is dir or lies below it. Both are clean.
func within(dir, p string) bool {
	return p == dir || dir == "/" || strings.HasPrefix(p, dir+"/")
}

// cover is the mount that p, a path inside the jail, lies on; nil if that is the root itself.
func cover(pl *plan.Plan, p string) *plan.Entry {
	for range 8 { // links of the runtime, such as /bin, lead into it
		i := slices.IndexFunc(pl.Entries, func(e plan.Entry) bool { return e.Kind == plan.Link && within(e.Path, p) })
		if i < 0 {
			break
		}
		e := pl.Entries[i]
		to := e.Data
		if !path.IsAbs(to) {
			to = path.Join(path.Dir(e.Path), to)
		}
		p = path.Join(to, strings.TrimPrefix(p, e.Path))
	}
	var found *plan.Entry
	for i := range pl.Entries {
		e := &pl.Entries[i]
		if e.Kind == plan.Bind && within(e.Path, p) && (found == nil || len(e.Path) > len(found.Path)) {
			found = e
		}
	}
	return found
}

// mayExec says why the program at p could not be executed.
func mayExec(pl *plan.Plan, p string) error {
	switch e := cover(pl, p); {
	case e == nil:
		return fmt.Errorf("not in the jail; name its directory in jail.exec")
	case e.Flags&plan.NoExec != 0:
		return fmt.Errorf("nothing in %s can be executed (%s); name its directory in jail.exec", e.Path, e.Origin)
	}
	return nil
}
