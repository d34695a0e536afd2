package probes

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
)

// The accounts of the probes. They need no entry in /etc/passwd.
const (
	proxyID    = 1910000010
	siteID     = 1910000011
	nativeID   = 1910000012
	otherID    = 1910000013 // nobody's friend
	oneID      = 1910000014 // runs a jpm
	loopbackID = 1910000015
)

// machine is a place where probes are made.
type machine interface {
	// native makes one attempt of the native program.
	native(p *Probe) (outcome string, err error)
	// home is the site in PHP that it serves.
	home() *home
}

// home is one site in PHP: the lab and php/, served on a socket.
type home struct {
	root   string
	socket string
	worker func() (pid int, err error) // one that serves it
}

// Site makes a directory below the stand's that belongs to a user: site/ with the scripts, write/ and tmp/. It returns the path of site/.
// source is the module's directory.
func (s *Stand) Site(name, source string, uid int) (string, error) {
	h, err := s.newHome(name, source, uid)
	if err != nil {
		return "", err
	}
	return h.root, nil
}

func (s *Stand) newHome(name, source string, uid int) (*home, error) {
	h := &home{root: s.path(name + "/site"), socket: s.path(name + "/php.sock")}
	if err := os.Mkdir(s.path(name), 0o755); err != nil {
		return nil, err
	}
	for _, from := range []string{"examples/quickstart/lab", "test/probes/php"} {
		if err := os.CopyFS(h.root, os.DirFS(filepath.Join(source, from))); err != nil {
			return nil, err
		}
	}
	for _, dir := range []string{"site/uploads", "write", "tmp"} {
		if err := os.Mkdir(s.path(name+"/"+dir), 0o755); err != nil {
			return nil, err
		}
	}
	for _, script := range []string{"uploads/shell.php", "notes.txt"} {
		if err := os.WriteFile(filepath.Join(h.root, script), []byte("<?php echo 'it ran';\n"), 0o644); err != nil {
			return nil, err
		}
	}
	return h, filepath.WalkDir(s.path(name), func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, uid, uid)
	})
}

// Environment is what the probes of a user are told, who has the directory that Site made. It starts a process of the user's that lives
// until Close.
func (s *Stand) Environment(name string, uid uint32) (map[string]string, error) {
	env := maps.Clone(s.env)
	env["JPM_WRITE"] = s.path(name + "/write")
	env["JPM_TMP"] = s.path(name + "/tmp")
	env["LAB_TMP"] = env["JPM_TMP"]
	pid, err := s.sibling(uid)
	if err != nil {
		return nil, fmt.Errorf("start a sibling: %w", err)
	}
	env["JPM_SIBLING"] = strconv.Itoa(pid)
	return env, nil
}

// nativeEnvironment is env for the native program of another user, with a directory below the stand's that is made for it.
func (s *Stand) nativeEnvironment(env map[string]string, dir string, uid int) (map[string]string, error) {
	env = maps.Clone(env)
	env["JPM_WRITE"] = s.path(dir)
	pid, err := s.sibling(uint32(uid))
	if err != nil {
		return nil, fmt.Errorf("start a sibling: %w", err)
	}
	env["JPM_SIBLING"] = strconv.Itoa(pid)
	if err := os.Mkdir(env["JPM_WRITE"], 0o755); err != nil {
		return nil, err
	}
	return env, os.Chown(env["JPM_WRITE"], uid, uid)
}

// Scripts are the files of a site that make the attempts in PHP, when asked with the query format=json. Reports reads their answers.
var Scripts = []string{"index.php", "more.php"}

// scripts makes all attempts in PHP.
func (h *home) scripts() (map[string]string, error) {
	all := map[string]string{}
	var errs []error
	for _, script := range Scripts {
		a, err := ask(h.socket, page(filepath.Join(h.root, script), "format=json"))
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", script, err))
			continue
		}
		found, err := Reports(a.body)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: status %s: %w", script, a.status(), err))
		}
		for name, outcome := range found {
			if _, twice := all[name]; twice {
				errs = append(errs, fmt.Errorf("%s: %s is a probe of another file too", script, name))
			}
			all[name] = outcome
		}
	}
	return all, errors.Join(errs...)
}
