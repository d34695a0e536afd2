package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unicode"
)

// maxPath is the longest path the kernel takes: PATH_MAX is 4096 with the NUL (limits.h).
const maxPath = 4095

// checkPath accepts absolute paths without "..", ".", doubled or trailing slashes and control characters, so that two paths are
// the same exactly if their texts are, and one lies in another exactly if its text starts with the other's.
func checkPath(path string) error {
	switch {
	case path == "":
		return errors.New("the path is empty")
	case !filepath.IsAbs(path):
		return fmt.Errorf("%q is not absolute: start it with \"/\"", clip(path))
	case strings.ContainsFunc(path, unicode.IsControl):
		return fmt.Errorf("%q holds a control character", clip(path))
	case len(path) > maxPath:
		return fmt.Errorf("the path has more than %d bytes", maxPath)
	case filepath.Clean(path) != path:
		return fmt.Errorf("write %q for %q", clip(filepath.Clean(path)), clip(path))
	}
	return nil
}

func (v *validator) path(key any, name, path string) bool {
	if err := checkPath(path); err != nil {
		v.problem(key, "Invalid path", "%s: %v.", name, err)
		return false
	}
	return true
}

// within says whether path is dir or lies in it. Both must have passed checkPath.
func within(path, dir string) bool {
	return path == dir || dir == "/" || strings.HasPrefix(path, dir+"/")
}

// A closedPath is a part of the host that a site must not be given.
type closedPath struct {
	path string
	tree bool // what lies in it is closed too
	why  string
}

const (
	whyKernel  = "The jail has its own, and the host's would open it."
	whyRuntime = "It is the runtime, which every jail has, read-only."
	whyWhole   = "It holds what belongs to the whole host: name the parts that the site needs."
	whyOurs    = "It belongs to jpm."
)

// closed lists what no path of a jail may be, contain, or, for trees, lie in. The first that a path runs into is named.
var closed = []closedPath{
	{"/proc", true, whyKernel},
	{"/sys", true, whyKernel},
	{"/dev", true, whyKernel},
	{"/etc", false, whyWhole},
	{"/run", false, whyWhole},
	{"/run/jpm", true, whyOurs},
	{"/etc/jpm", true, whyOurs + " Its pools may hold passwords."},
	{"/tmp", false, "Every pool has its own."},
	{"/usr", false, whyRuntime},
	{"/bin", false, whyRuntime},
	{"/sbin", false, whyRuntime},
	{"/lib", false, whyRuntime},
	{"/lib32", false, whyRuntime},
	{"/lib64", false, whyRuntime},
	{"/libx32", false, whyRuntime},
}

// closedForWriting lists what no write path may be, contain, or, for trees, lie in, besides closed.
var closedForWriting = []closedPath{
	{"/boot", true, whyWhole},
	{"/home", false, whyWhole},
	{"/root", false, whyWhole},
	{"/var", false, whyWhole},
}

// relation says why a path that runs into c does, unless it is c itself.
func (c *closedPath) relation(path string) string {
	switch {
	case path == c.path:
		return ""
	case within(c.path, path):
		return ", which contains " + c.path
	}
	return ", which lies in " + c.path
}

// open returns the entry of closed paths that path runs into, nil if there is none.
func open(path string, lists ...[]closedPath) *closedPath {
	path = realRun(path)
	for _, list := range lists {
		for i := range list {
			if c := &list[i]; within(c.path, path) || c.tree && within(path, c.path) {
				return c
			}
		}
	}
	return nil
}

// jailPaths checks the paths that a pool's workers are given.
func (v *validator) jailPaths(j *Jail) {
	first := map[string]string{}
	for _, list := range []struct {
		name   string
		paths  []string
		closed [][]closedPath
	}{
		{"read", j.Read, [][]closedPath{closed}},
		{"write", j.Write, [][]closedPath{closed, closedForWriting}},
		{"exec", j.Exec, [][]closedPath{closed}},
	} {
		for i := range list.paths {
			path := list.paths[i]
			if !v.path(&list.paths[i], list.name, path) {
				continue
			}
			if c := open(path, list.closed...); c != nil {
				v.problem(&list.paths[i], "Path that opens the jail", "%s cannot name %s%s. %s", list.name, clip(path), c.relation(path), c.why)
			}
			if other, taken := first[path]; taken {
				v.problem(&list.paths[i], "Path given twice", "%s is in %s already. Each path is in one of read, write and exec, once.", clip(path), other)
				continue
			}
			first[path] = list.name
		}
	}
}

// writers returns the pools by the paths that they may write. Where several may, it is the last.
func writers(pools []Pool) map[string]*Pool {
	by := map[string]*Pool{}
	for i := range pools {
		for _, dir := range pools[i].Jail.Write {
			by[dir] = &pools[i]
		}
	}
	return by
}

// outOfReach keeps what root opens or what gets executed out of the directories that a site can change: a site that owns
// the directory could put a link or a program of its own there.
func (v *validator) outOfReach(c *Config) {
	by := writers(c.Pools)
	check := func(key any, path, why string) {
		if checkPath(path) != nil {
			return
		}
		for dir := path; dir != "/"; dir = filepath.Dir(dir) {
			if p := by[dir]; p != nil {
				v.problem(key, "In a site's hands", "%s lies in %s, which pool %q may write: %s.", clip(path), clip(dir), clip(p.Name), why)
				return
			}
		}
	}
	if c.Log.Output != "stderr" {
		check(&c.Log.Output, c.Log.Output, "jpm's log must be where no site can replace it")
	}
	if c.Incidents.Output != "log" {
		check(&c.Incidents.Output, c.Incidents.Output, "the log of incidents must be where no site can replace it")
	}
	if network, path := c.Status.Network(); network == "unix" {
		check(&c.Status.Listen, path, "a socket must be where no site can replace it")
	}
	for i := range c.Pools {
		p := &c.Pools[i]
		for j := range p.Listen {
			if network, path := p.Listen[j].Network(); network == "unix" {
				check(&p.Listen[j].Address, path, "a socket must be where no site can replace it")
			}
		}
		if p.Jail.OwnProfile() {
			check(&p.Jail.Seccomp, p.Jail.Seccomp, "a profile must be where no site can replace it")
		}
		for j := range p.Jail.Sockets {
			check(&p.Jail.Sockets[j], p.Jail.Sockets[j], "a socket must be where no site can replace it")
		}
		for j := range p.Jail.Exec {
			check(&p.Jail.Exec[j], p.Jail.Exec[j], "what a site can write must never be executed")
		}
	}
}
