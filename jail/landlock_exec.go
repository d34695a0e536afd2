package jail

import (
	"slices"

	"jpm/jail/plan"
)

// Landlock asks for the right to execute where the kernel starts a program: at the program itself, at a script's interpreter and at the
// loader that a program names. What the loader then maps is not asked about. So, unlike mounts, Landlock tells a library from a program.

// landlockPrograms takes the right to execute away from the runtime, but for the loaders, the programs given by their real paths, and what
// jail.exec names. It is for workers that start nothing else, or nothing at all should their filter fail.
func landlockPrograms(l *plan.Landlock, entries []plan.Entry, h *Host, programs ...string) {
	if l.FS&landlockExec == 0 {
		return
	}
	loaders := slices.DeleteFunc(slices.Clone(h.Loaders), func(p string) bool { return !fromRuntime(entries, p) })
	for i := range l.Rules {
		r := &l.Rules[i]
		if ofRuntime(entries, r.Path) && (len(loaders) > 0 || !isLibrary(r.Path)) {
			r.Access &^= landlockExec
		}
	}
	if len(loaders) == 0 {
		loaders = h.Libraries // it is among them
	}
	for _, p := range slices.Concat(loaders, programs) {
		if !slices.ContainsFunc(l.Rules, func(r plan.PathRule) bool { return r.Path == p && r.Access&landlockExec != 0 }) {
			l.Rules = append(l.Rules, plan.PathRule{Path: p, Access: landlockExec})
		}
	}
}

// ofRuntime says whether the entry at p is the runtime or its libraries.
func ofRuntime(entries []plan.Entry, p string) bool {
	return slices.ContainsFunc(entries, func(e plan.Entry) bool {
		return e.Path == p && (e.Origin == "the runtime" || e.Origin == "the runtime's libraries")
	})
}

// fromRuntime says whether p, a real path of the host, is the same file in the jail.
func fromRuntime(entries []plan.Entry, p string) bool {
	return slices.ContainsFunc(entries, func(e plan.Entry) bool {
		return e.Origin == "the runtime" && e.Kind == plan.Bind && e.Source == e.Path && within(e.Path, p)
	})
}

// programLines says what of the libraries a worker that may start programs can start.
func programLines(j *Jail) []Line {
	if j.plan.ExecOnce {
		return nil
	}
	const setting = "programs among the libraries cannot be started"
	for _, r := range j.plan.Landlock.Rules {
		if r.Access&landlockExec != 0 && slices.Contains(j.host.Libraries, r.Path) {
			return []Line{off(setting, "no loader was found that could be allowed alone")}
		}
	}
	if j.plan.Landlock.FS&landlockExec == 0 {
		return []Line{off(setting, "only Landlock can tell the two apart")}
	}
	return []Line{partly(setting, "the loader, started as a program, runs what it is told to")}
}
