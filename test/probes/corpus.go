package probes

import "slices"

// Corpus is the whole table, in the order of its ids.
func Corpus() []Probe {
	return slices.Concat(files, processes, local, network, programs, kernel, namespaces, amounts, fastcgi, traces)
}

func php(id, tries, name string, bare Bare, stops Stops) Probe {
	return Probe{ID: id, Tries: tries, How: PHP, Name: name, Bare: bare, Stops: stops}
}

func native(id, tries, name string, bare Bare, stops Stops) Probe {
	return Probe{ID: id, Tries: tries, How: Native, Name: name, Bare: bare, Stops: stops}
}

func outside(id, tries, name string, bare Bare, stops Stops) Probe {
	return Probe{ID: id, Tries: tries, How: Outside, Name: name, Bare: bare, Stops: stops}
}

func (p Probe) reached(outcomes ...string) Probe { p.Reached = outcomes; return p }
func (p Probe) absent(outcomes ...string) Probe  { p.Absent = outcomes; return p }
func (p Probe) never(why string) Probe           { p.Bare, p.Why = Never, why; return p }

func (p Probe) limited(why string) Probe { p.Limited = true; return p.never(why) }
func (p Probe) loopback() Probe          { p.Loopback = true; return p }
func (p Probe) needs(l Layer) Probe      { p.Needs = l; return p }

// What several probes are stopped by.
var (
	gone     = Stops{"ENOENT": Mounts, "ENOTDIR": Mounts, "EACCES": Landlock}
	frozen   = Stops{"EROFS": MountFlags, "EACCES": Landlock}
	hidden   = Stops{"ENOENT": Procfs, "EACCES": Landlock}
	refused  = Stops{"EAFNOSUPPORT": Seccomp, "EPERM": Seccomp, "ENOSYS": Seccomp, "EACCES": Seccomp, Killed: Seccomp}
	offline  = Stops{"EAFNOSUPPORT": Seccomp, "ENETUNREACH": Network, "EADDRNOTAVAIL": Network, "ECONNREFUSED": Network, "EACCES": Landlock}
	noFamily = Stops{"EAFNOSUPPORT": Seccomp, "EPERM": Seccomp, Killed: Seccomp}
	nothing  = Stops{Nothing: Namespaces}
	// noTerminal is what the requests of terminals meet: they need one.
	noTerminal = Stops{"EPERM": Seccomp, "ENOENT": Mounts, "EACCES": Landlock}
	noFork     = Stops{"EPERM": Seccomp, "EAGAIN": Limits}
)

// Nothing is the outcome of an attempt that was refused nothing and found nothing.
const Nothing = "nothing"
