package jail

import (
	"fmt"

	"golang.org/x/sys/unix"

	"jpm/jail/plan"
)

// landlockVersions are the rights by the version of the kernel's interface that brought them. Versions that brought no right are
// not here. Rights newer than the last row are not asked for.
var landlockVersions = []landlockVersion{
	{abi: 1, linux: "5.13", what: "files: reading, writing, making, removing, executing", fs: unix.LANDLOCK_ACCESS_FS_EXECUTE |
		unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR |
		unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE | unix.LANDLOCK_ACCESS_FS_MAKE_CHAR |
		unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_SOCK |
		unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK | unix.LANDLOCK_ACCESS_FS_MAKE_SYM},
	{abi: 2, linux: "5.19", what: "files: moving and linking between directories", fs: unix.LANDLOCK_ACCESS_FS_REFER},
	{abi: 3, linux: "6.2", what: "files: truncating", fs: unix.LANDLOCK_ACCESS_FS_TRUNCATE},
	{abi: 4, linux: "6.7", what: "TCP: binding and connecting", net: unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP},
	{abi: 5, linux: "6.10", what: "files: ioctl on devices", fs: unix.LANDLOCK_ACCESS_FS_IOCTL_DEV},
	{abi: 6, linux: "6.12", what: "signals and abstract unix sockets beyond the jail", scoped: unix.LANDLOCK_SCOPE_SIGNAL | unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET},
	{abi: 9, what: "unix sockets in paths that are only read", fs: unix.LANDLOCK_ACCESS_FS_RESOLVE_UNIX},
	{abi: 10, what: "UDP: binding and sending", net: unix.LANDLOCK_ACCESS_NET_BIND_UDP | unix.LANDLOCK_ACCESS_NET_CONNECT_SEND_UDP},
}

// landlockVersion is one row of landlockVersions.
type landlockVersion struct {
	abi             int
	linux           string // the first release that has it, where it is known
	what            string
	fs, net, scoped uint64
}

// What a rule allows, before it is cut to what the kernel's version knows.
const (
	landlockRead  = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	landlockWrite = unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE |
		unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_SOCK |
		unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_MAKE_SYM | unix.LANDLOCK_ACCESS_FS_REFER |
		unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_RESOLVE_UNIX
	landlockExec = unix.LANDLOCK_ACCESS_FS_EXECUTE
)

// landlockHandled are the rights that a kernel with this version can refuse. A rule may only name these.
func landlockHandled(abi int) plan.Landlock {
	var l plan.Landlock
	for _, v := range landlockVersions {
		if v.abi <= abi {
			l.FS, l.Net, l.Scoped = l.FS|v.fs, l.Net|v.net, l.Scoped|v.scoped
		}
	}
	return l
}

// landlockRules makes the ruleset from the entries of which the root is made, so that it allows what the mounts do. Directories that
// hold mount points, and "/", can be passed through but not listed: a rule for one would be a rule for all that lies in it. With network
// the rights of ports are not handled.
//
// Before version 2 moving and linking between directories is always refused: that right is then not named, and no right more is given
// up for it.
func landlockRules(entries []plan.Entry, abi int, network bool) plan.Landlock {
	l := landlockHandled(abi)
	if network {
		l.Net = 0
	}
	for i := range entries {
		access := landlockAccess(&entries[i])
		if holdsFiles(entries, &entries[i]) {
			access = unix.LANDLOCK_ACCESS_FS_READ_DIR
		}
		if access &= l.FS; access != 0 {
			l.Rules = append(l.Rules, plan.PathRule{Path: entries[i].Path, Access: access})
		}
	}
	return l
}

// landlockNever takes rights away from every rule.
func landlockNever(l *plan.Landlock, rights uint64) {
	for i := range l.Rules {
		l.Rules[i].Access &^= rights
	}
}

// makesFifos says whether the profile lets a worker make named pipes.
func (p *profile) makesFifos() bool {
	return p.allows("mknodat", 0, 0, unix.S_IFIFO|0o600) || p.allows("mknod", 0, unix.S_IFIFO|0o600)
}

// holdsFiles says whether dir is a directory made for generated files alone, as php.ini's is, which PHP lists.
func holdsFiles(entries []plan.Entry, dir *plan.Entry) bool {
	files := 0
	for i := range entries {
		e := &entries[i]
		if e != dir && within(dir.Path, e.Path) {
			if e.Kind != plan.File {
				return false
			}
			files++
		}
	}
	return dir.Kind == plan.Dir && files > 0
}

func landlockAccess(e *plan.Entry) uint64 {
	switch {
	case e.Kind == plan.File:
		return unix.LANDLOCK_ACCESS_FS_READ_FILE
	case e.Kind == plan.Proc:
		return landlockRead
	case e.Kind != plan.Bind:
		return 0
	case e.Wants == plan.Device:
		return unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE
	case e.Wants == plan.PoolSockets:
		return unix.LANDLOCK_ACCESS_FS_RESOLVE_UNIX
	}
	access := uint64(landlockRead)
	if e.Flags&plan.ReadOnly == 0 {
		access |= landlockWrite
	}
	if e.Flags&plan.NoExec == 0 {
		access |= landlockExec
	}
	return access
}

// landlockProgram allows the program that comes as a descriptor, and nothing beside it. A file that lies in memory (OpenProgram) needs no
// rule and can have none: Landlock knows files by where they are mounted.
func landlockProgram(abi int, inMemory bool) plan.Landlock {
	l := landlockHandled(abi)
	if inMemory {
		return l
	}
	if access := (landlockExec | unix.LANDLOCK_ACCESS_FS_READ_FILE) & l.FS; access != 0 {
		l.Rules = []plan.PathRule{{Access: access}}
	}
	return l
}

func landlockLines(j *Jail) []Line { return append(landlockRights(j), programLines(j)...) }

func landlockRights(j *Jail) []Line {
	l, abi := &j.plan.Landlock, j.host.LandlockABI
	switch {
	case !j.host.Landlock.On:
		return []Line{off("all", "the kernel cannot: "+j.host.Landlock.Why)}
	case !l.On():
		return []Line{off("all", "jail.landlock = false")}
	}
	var all []Line
	for _, v := range landlockVersions {
		switch {
		case v.abi > abi && v.fs == unix.LANDLOCK_ACCESS_FS_REFER:
			all = append(all, enforced(v.what+": refused even in writable paths, as Landlock version 1 cannot allow it"))
		case v.abi > abi:
			all = append(all, off(v.what, v.needs(abi)))
		case v.net&^l.Net != 0:
			all = append(all, off(v.what, "jail.network allows it"))
		default:
			all = append(all, enforced(v.what))
		}
	}
	return append(all, landlockGaps(l)...)
}

func (v landlockVersion) needs(abi int) string {
	release := ""
	if v.linux != "" {
		release = " (Linux " + v.linux + ")"
	}
	return fmt.Sprintf("needs Landlock version %d%s, the kernel has %d", v.abi, release, abi)
}

// landlockGaps finds where a rule gives more than the mount does. Rules only add up: what lies in a path has at least its rights.
func landlockGaps(l *plan.Landlock) []Line {
	var all []Line
	for _, inner := range l.Rules {
		for _, right := range []struct {
			access  uint64
			allowed string
			mount   string
		}{{unix.LANDLOCK_ACCESS_FS_WRITE_FILE, "writing", "read-only"}, {landlockExec, "executing", "noexec"}} {
			for _, outer := range l.Rules {
				if outer.Path != inner.Path && within(outer.Path, inner.Path) && inner.Access&right.access == 0 && outer.Access&right.access != 0 {
					all = append(all, partly(right.allowed+" in "+inner.Path, "Landlock allows it in "+outer.Path+"; only the mount is "+right.mount))
				}
			}
		}
	}
	return all
}
