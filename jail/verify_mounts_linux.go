package jail

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"jpm/jail/plan"
)

func (s *sight) namespaces() error {
	if pids := strings.Fields(s.status["NSpid"]); len(pids) < 2 || pids[len(pids)-1] == "1" {
		return &VerifyError{"status NSpid", "a pid of its own namespace, not 1", s.status["NSpid"]}
	}
	dir, p := s.dir, s.plan
	spaces := []string{"mnt", "pid", "ipc", "uts", "cgroup"}
	if p.Network != plan.HostNetwork {
		spaces = append(spaces, "net")
	}
	if p.UserNS {
		spaces = append(spaces, "user")
		for file, want := range map[string][2]uint32{"uid_map": {p.SetupUID, p.UID}, "gid_map": {p.SetupGID, p.GID}} {
			b, err := os.ReadFile(dir + "/" + file)
			if err != nil {
				return fmt.Errorf("verify %s: %w", file, err)
			}
			w := fmt.Sprintf("%d %d 1", want[1], want[1])
			if !p.OneID {
				w = fmt.Sprintf("0 %d 1 ", want[0]) + w
			}
			if got := strings.Join(strings.Fields(string(b)), " "); got != w {
				return &VerifyError{file, w, got}
			}
		}
	}
	for _, ns := range spaces {
		theirs, err := os.Readlink(dir + "/ns/" + ns)
		if err != nil {
			return fmt.Errorf("verify namespace %s: %w", ns, err)
		}
		ours, err := os.Readlink("/proc/self/ns/" + ns)
		if err != nil {
			return fmt.Errorf("verify namespace %s: %w", ns, err)
		}
		if theirs == ours {
			return &VerifyError{"namespace " + ns, "one of its own", theirs + ", the master's"}
		}
	}
	return nil
}

// mounts compares the mount table, as the program sees it, with the plan: nothing missing, nothing more, no flag less.
// A mount below a recursive bind came along with it and must have its flags.
func (s *sight) mounts() error {
	b, err := os.ReadFile(s.dir + "/mountinfo")
	if err != nil {
		return fmt.Errorf("verify mounts: %w", err)
	}
	got, err := parseMountinfo(string(b))
	if err != nil {
		return err
	}
	return compareMounts(got, s.plan)
}

// root: what the program has as its root is not the master's, whatever the mount table says.
func (s *sight) root() error {
	var theirs, ours unix.Stat_t
	if err := unix.Stat(s.dir+"/root", &theirs); err != nil {
		return fmt.Errorf("verify root: %w", err)
	}
	if err := unix.Stat("/", &ours); err != nil {
		return fmt.Errorf("verify root: %w", err)
	}
	if theirs.Dev == ours.Dev && theirs.Ino == ours.Ino {
		return &VerifyError{"root", "one of its own", "the master's"}
	}
	return nil
}

func compareMounts(got []mountLine, p *plan.Plan) error {
	root := plan.Entry{Kind: plan.Dir, Path: "/", Flags: plan.ReadOnly | plan.NoSuid | plan.NoDev | plan.NoExec}
	want := map[string]*plan.Entry{"/": &root}
	for i := range p.Entries {
		if e := &p.Entries[i]; e.Kind == plan.Bind || e.Kind == plan.Proc {
			want[e.Path] = e
		}
	}
	seen := make(map[string]int)
	for _, m := range got {
		e := want[m.point]
		if e == nil {
			if e = cover(p, m.point); e == nil || !e.Recursive {
				return &VerifyError{"mount " + m.point, "none", m.fstype + " " + flagNames(m.flags)}
			}
		}
		if m.flags&e.Flags != e.Flags {
			return &VerifyError{"mount " + m.point, flagNames(e.Flags), flagNames(m.flags)}
		}
		if seen[m.point]++; seen[m.point] > 1 && !e.Recursive {
			return &VerifyError{"mount " + m.point, "one", strconv.Itoa(seen[m.point])}
		}
		// The sockets of services come and go; nothing else of the host's does.
		if m.shared || m.slave && e.Wants != plan.PoolSockets {
			return &VerifyError{"mount " + m.point + " propagation", "private", propagation(m)}
		}
		switch {
		case m.point == "/" && m.fstype != "tmpfs":
			return &VerifyError{"mount /", "tmpfs", m.fstype}
		case e.Kind == plan.Proc && (m.fstype != "proc" || !slices.Contains(m.super, "hidepid=invisible") || !slices.Contains(m.super, "subset=pid")):
			return &VerifyError{"mount /proc", "proc hidepid=invisible,subset=pid", m.fstype + " " + strings.Join(m.super, ",")}
		}
	}
	for at := range want {
		if seen[at] == 0 {
			return &VerifyError{"mount " + at, flagNames(want[at].Flags), "none"}
		}
	}
	return nil
}

func propagation(m mountLine) string {
	if m.shared {
		return "shared"
	}
	return "slave"
}
