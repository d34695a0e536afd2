package jail

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"jpm/config"
	"jpm/jail/internal/seccomp"
	"jpm/jail/plan"
	"jpm/jail/profiles"
)

// ProfileError is everything that is wrong with a system call profile: each of its Problems names a file and a line.
type ProfileError = seccomp.Error

// CheckProfile looks whether the pool's system call profile is sound. It needs neither root nor the kernel. What is wrong with the
// text of a profile is a *ProfileError.
func CheckProfile(p config.Pool) error {
	_, err := workerProfile(p.Jail)
	return err
}

// profile is a compiled profile.
type profile struct {
	text *seccomp.Profile
	// filter makes denied calls fail, asking makes them ask the listener.
	filter, asking []byte
	// listed: the worker may execute programs after its own start, those of the configuration.
	listed bool
}

// workerProfile compiles the profile of a pool.
func workerProfile(j config.Jail) (*profile, error) {
	known := config.Profiles()
	if !j.OwnProfile() && !slices.Contains(known, j.Seccomp) {
		return nil, fmt.Errorf("jail.seccomp: no profile %q; there is %s", j.Seccomp, strings.Join(known, ", "))
	}
	// Without a network there is nothing for an IP socket to reach, so there are none.
	p, err := compiled(j.Seccomp, j.Profile, j.Network == string(plan.NoNetwork), func(name string) (string, error) {
		switch {
		case name == j.Seccomp && j.OwnProfile():
			return j.Profile, nil
		case name == "tripwires" || slices.Contains(known, name):
			return profiles.Text(name)
		}
		return "", fmt.Errorf("no profile %q to include; there is %s", name, strings.Join(known, ", "))
	})
	if err != nil {
		return nil, fmt.Errorf("jail.seccomp: %w", err)
	}
	return p, nil
}

// programs keeps the compiled profiles: gVisor takes some 15 ms for one, and all pools share it.
var programs struct {
	sync.Mutex
	by map[programKey]*profile
}

// programKey is what a compiled profile depends on: its name, its text if it is none of ours, and whether it leaves unix sockets only.
type programKey struct {
	name, own string
	unixOnly  bool
}

// compiled compiles the profile name, whose text, if it is none of ours, is own.
func compiled(name, own string, unixOnly bool, source func(string) (string, error)) (*profile, error) {
	programs.Lock()
	defer programs.Unlock()
	key := programKey{name, own, unixOnly}
	if p, ok := programs.by[key]; ok {
		return p, nil
	}
	parsed, err := seccomp.Parse(name, source)
	if err != nil {
		return nil, err
	}
	if err := canStart(parsed); err != nil {
		return nil, err
	}
	if unixOnly {
		parsed = parsed.UnixOnly()
	}
	p := &profile{text: parsed, listed: parsed.Exec == seccomp.ExecListed}
	if p.filter, err = parsed.Compile(); err != nil {
		return nil, err
	}
	if p.asking, err = parsed.CompileListener(); err != nil {
		return nil, err
	}
	if programs.by == nil {
		programs.by = make(map[programKey]*profile)
	}
	programs.by[key] = p
	return p, nil
}

// canStart refuses a profile under which no program could be started. PID 1 starts none, and the proxy comes by descriptor. read and
// write are how jpm-init hands the listener over: denied, they would wait for it.
func canStart(p *seccomp.Profile) error {
	if p.Name == "init" || p.Name == "proxy" {
		return nil
	}
	for _, c := range []struct{ call, why string }{
		{"execve", "the worker's own start is one; \"exec once\" lets only that one pass"},
		{"read", "the worker's start needs it"},
		{"write", "the worker's start needs it"},
	} {
		nr, _ := seccomp.Number(c.call)
		if v, r := p.Decide(nr, [6]uint64{}); v != seccomp.Allow {
			at := p.Name
			if r != nil {
				at = r.At
			}
			return &ProfileError{Profile: p.Name, Problems: []string{at + ": " + c.call + " is not allowed, and " + c.why}}
		}
	}
	return nil
}

// allows says whether the profile lets a call with these arguments, the rest of which are 0, be made. An architecture that has not the call
// cannot make it.
func (p *profile) allows(call string, args ...uint64) bool {
	nr, ok := seccomp.Number(call)
	if !ok {
		return false
	}
	var all [6]uint64
	copy(all[:], args)
	v, _ := p.text.Decide(nr, all)
	return v == seccomp.Allow
}
