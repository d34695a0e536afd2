package jail

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"jpm/jail/plan"
)

// Where a profile lets workers start programs, the mounts decide which: the runtime is mounted noexec, and over it come its
// libraries, the pool's own program and what jail.exec names, each by itself. A mount cannot tell loading a library from
// starting a program, so programs that lie among the libraries (/usr/lib/git-core) are Landlock's to refuse: landlock_exec.go.

// isLibrary says whether a path of the runtime is for libraries, as /lib64 is on hosts where it is no link.
func isLibrary(p string) bool { return strings.HasPrefix(path.Base(p), "lib") }

func (t *tree) addLibraries(h *Host) {
	for _, dir := range h.Libraries {
		t.add(plan.Entry{Kind: plan.Bind, Path: dir, Source: dir, Wants: plan.Directory, Recursive: true,
			Flags: plan.ReadOnly | plan.NoSuid | plan.NoDev, Origin: "the runtime's libraries"})
	}
}

// addProgram makes the pool's own program executable where the runtime is not, and returns its real path.
func (t *tree) addProgram(p string, h *Host) (string, error) {
	real, err := t.realProgram(p, h)
	if err != nil {
		return "", err
	}
	if t.listed && t.inRuntime(real) && !t.isExec(real) {
		t.add(plan.Entry{Kind: plan.Bind, Path: real, Source: real, Wants: plan.Regular,
			Flags: plan.ReadOnly | plan.NoSuid | plan.NoDev, Origin: "command"})
	}
	return real, nil
}

// realProgram follows the symlinks of a path in the runtime, because a mount goes over what a link leads to. Other paths may be
// a site's, whose links are followed only where they can be trusted, when the worker starts.
func (t *tree) realProgram(p string, h *Host) (string, error) {
	if !t.inRuntime(p) || h.Real == nil {
		return p, nil
	}
	real, err := h.Real(p)
	if err != nil {
		return "", err
	}
	if !t.inRuntime(real) {
		return "", fmt.Errorf("it leads to %s, which is not in the runtime; name that in jail.exec", real)
	}
	return real, nil
}

// inRuntime says whether p lies in what every jail has.
func (t *tree) inRuntime(p string) bool {
	return slices.ContainsFunc(t.nodes, func(n plan.Entry) bool { return n.Origin == "the runtime" && within(n.Path, p) })
}

// isExec says whether p stands in jail.exec already.
func (t *tree) isExec(p string) bool {
	return slices.ContainsFunc(t.nodes, func(n plan.Entry) bool { return n.Path == p && strings.HasPrefix(n.Origin, "jail.exec ") })
}
