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

// verify looks at the running program from outside, through the host's /proc, and compares it with its plan. It comes after
// exec, so nothing is taken from what jpm-init says about itself. The pid cannot be another process's: PID 1 of the jail
// reaps it and is held by a pidfd that still waits.
func (w *Worker) verify(p *plan.Plan, prog program) error {
	dir := "/proc/" + strconv.Itoa(w.pid)
	st, err := readStatus(dir)
	if err != nil {
		return err
	}
	ids := func(id uint32) string {
		s := strconv.FormatUint(uint64(id), 10)
		return s + " " + s + " " + s + " " + s
	}
	const none = "0000000000000000"
	want := [][2]string{
		{"PPid", strconv.Itoa(w.initPid)},
		{"Uid", ids(p.UID)}, {"Gid", ids(p.GID)}, {"Groups", ""},
		{"CapInh", none}, {"CapPrm", none}, {"CapEff", none}, {"CapBnd", none}, {"CapAmb", none},
		{"NoNewPrivs", "1"}, {"Seccomp", "2"}, {"Seccomp_filters", "2"},
	}
	for _, f := range want {
		if got := st[f[0]]; got != f[1] {
			return &VerifyError{"status " + f[0], f[1], got}
		}
	}
	if pids := strings.Fields(st["NSpid"]); len(pids) < 2 || pids[len(pids)-1] == "1" {
		return &VerifyError{"status NSpid", "a pid of its own namespace, not 1", st["NSpid"]}
	}
	var exe unix.Stat_t
	if err := unix.Stat(dir+"/exe", &exe); err != nil {
		return fmt.Errorf("verify exe: %w", err)
	}
	if got := (program{uint64(exe.Dev), exe.Ino}); got != prog {
		return &VerifyError{"exe", fmt.Sprintf("inode %d on %d", prog.ino, prog.dev), fmt.Sprintf("inode %d on %d", got.ino, got.dev)}
	}
	if err := verifyNamespaces(dir, p); err != nil {
		return err
	}
	if err := verifyMounts(dir, p); err != nil {
		return err
	}
	if err := verifyLimits(dir, p); err != nil {
		return err
	}
	oom, err := os.ReadFile(dir + "/oom_score_adj")
	if err != nil {
		return fmt.Errorf("verify oom_score_adj: %w", err)
	}
	if got, want := strings.TrimSpace(string(oom)), strconv.Itoa(p.OOMScoreAdj); got != want {
		return &VerifyError{"oom_score_adj", want, got}
	}
	return w.verifyInit(p)
}

// verifyInit looks at PID 1 of the jail.
func (w *Worker) verifyInit(p *plan.Plan) error {
	st, err := readStatus("/proc/" + strconv.Itoa(w.initPid))
	if err != nil {
		return err
	}
	id := strconv.FormatUint(uint64(p.SetupUID), 10)
	const none = "0000000000000000"
	for _, f := range [][2]string{
		{"Uid", id + " " + id + " " + id + " " + id}, {"Groups", ""}, {"CapInh", none}, {"CapPrm", none}, {"CapEff", none},
		{"CapAmb", none}, {"NoNewPrivs", "1"}, {"Seccomp", "2"},
	} {
		if got := st[f[0]]; got != f[1] {
			return &VerifyError{"PID 1 status " + f[0], f[1], got}
		}
	}
	return nil
}

func readStatus(dir string) (map[string]string, error) {
	b, err := os.ReadFile(dir + "/status")
	if err != nil {
		return nil, fmt.Errorf("verify status: %w", err)
	}
	st := make(map[string]string)
	for _, line := range strings.Split(string(b), "\n") {
		if k, v, ok := strings.Cut(line, ":"); ok {
			st[k] = strings.Join(strings.Fields(v), " ")
		}
	}
	return st, nil
}

func verifyNamespaces(dir string, p *plan.Plan) error {
	spaces := []string{"mnt", "pid", "net", "ipc", "uts", "cgroup"}
	if p.UserNS {
		spaces = append(spaces, "user")
		for file, want := range map[string][2]uint32{"uid_map": {p.SetupUID, p.UID}, "gid_map": {p.SetupGID, p.GID}} {
			b, err := os.ReadFile(dir + "/" + file)
			if err != nil {
				return fmt.Errorf("verify %s: %w", file, err)
			}
			w := fmt.Sprintf("0 %d 1 %d %d 1", want[0], want[1], want[1])
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

// verifyMounts compares the mount table, as the program sees it, with the plan: nothing missing, nothing more, no flag less.
// A mount below a recursive bind came along with it and must have its flags.
func verifyMounts(dir string, p *plan.Plan) error {
	b, err := os.ReadFile(dir + "/mountinfo")
	if err != nil {
		return fmt.Errorf("verify mounts: %w", err)
	}
	got, err := parseMountinfo(string(b))
	if err != nil {
		return err
	}
	return compareMounts(got, p)
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

// limitNames are the resources as /proc/PID/limits calls them.
var limitNames = map[int]string{
	unix.RLIMIT_CORE: "Max core file size", unix.RLIMIT_MEMLOCK: "Max locked memory", unix.RLIMIT_MSGQUEUE: "Max msgqueue size",
	unix.RLIMIT_NICE: "Max nice priority", unix.RLIMIT_RTPRIO: "Max realtime priority", unix.RLIMIT_SIGPENDING: "Max pending signals",
	unix.RLIMIT_NOFILE: "Max open files", unix.RLIMIT_FSIZE: "Max file size", unix.RLIMIT_NPROC: "Max processes",
}

func verifyLimits(dir string, p *plan.Plan) error {
	b, err := os.ReadFile(dir + "/limits")
	if err != nil {
		return fmt.Errorf("verify limits: %w", err)
	}
	lines := strings.Split(string(b), "\n")
	for _, l := range p.Rlimits {
		name := limitNames[l.Resource]
		i := slices.IndexFunc(lines, func(s string) bool { return strings.HasPrefix(s, name+" ") })
		if name == "" || i < 0 {
			return fmt.Errorf("verify limits: no line for resource %d", l.Resource)
		}
		got := strings.Fields(lines[i][len(name):])
		if v := strconv.FormatUint(l.Value, 10); len(got) < 2 || got[0] != v || got[1] != v {
			return &VerifyError{name, v + " " + v, strings.Join(got[:min(2, len(got))], " ")}
		}
	}
	return nil
}

// verifyFDs checks, before exec, that the process holds nothing but what its program may have and the two descriptors that close
// when it runs. Afterwards it would be too late: the program opens its own.
func verifyFDs(pid int, l *launch) error {
	n := 3 + len(l.extra) + 1 // 0, 1, 2, the extra ones, the report socket
	if l.exe != nil {
		n++
	}
	names, err := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/fd")
	if err != nil {
		return fmt.Errorf("verify descriptors: %w", err)
	}
	var got []int
	for _, e := range names {
		fd, err := strconv.Atoi(e.Name())
		if err != nil {
			return fmt.Errorf("verify descriptors: %w", err)
		}
		got = append(got, fd)
	}
	slices.Sort(got)
	for i, fd := range got {
		if fd != i {
			return &VerifyError{"descriptors", fmt.Sprintf("0 to %d", n-1), fmt.Sprint(got)}
		}
	}
	if len(got) != n {
		return &VerifyError{"descriptors", fmt.Sprintf("0 to %d", n-1), fmt.Sprint(got)}
	}
	return nil
}
