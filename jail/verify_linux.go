package jail

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"jpm/jail/internal/cgroup"
	"jpm/jail/plan"
)

// sight is a running worker as it looks from outside, through the host's /proc. It is taken after exec, so nothing comes from what
// jpm-init says about itself. The pid cannot be another process's: PID 1 of the jail reaps it and is held by a pidfd that still waits.
type sight struct {
	plan    *plan.Plan
	program program
	dir     string            // /proc/PID of the worker
	status  map[string]string // its status file
	groups  string            // what it has as groups: none, or all of ours where nobody can drop them
	initDir string            // /proc/PID of PID 1 of the jail
	pid     int
	initPid int
	group   *cgroup.Group // nil where workers have none
}

func (w *Worker) look(p *plan.Plan, prog program) (*sight, error) {
	s := &sight{plan: p, program: prog, dir: "/proc/" + strconv.Itoa(w.pid), initDir: "/proc/" + strconv.Itoa(w.initPid), pid: w.pid, initPid: w.initPid, group: w.group}
	var err error
	if s.status, err = readStatus(s.dir); err != nil || !p.OneID {
		return s, err
	}
	own, err := readStatus("/proc/self")
	s.groups = own["Groups"]
	return s, err
}

// verify compares the running worker with its plan, layer by layer. The first difference is the error.
func (w *Worker) verify(p *plan.Plan, prog program) error {
	s, err := w.look(p, prog)
	if err != nil {
		return err
	}
	for _, l := range layers {
		if l.seen.look == nil {
			continue
		}
		if err := l.seen.look(s); err != nil {
			return err
		}
	}
	return nil
}

// noCapability is an empty set as status shows it.
const noCapability = "0000000000000000"

// want compares fields of a status file.
func want(st map[string]string, prefix string, fields ...[2]string) error {
	for _, f := range fields {
		if got := st[f[0]]; got != f[1] {
			return &VerifyError{prefix + "status " + f[0], f[1], got}
		}
	}
	return nil
}

// fourIDs is an id as status shows it: real, effective, saved, and of the file system.
func fourIDs(id uint32) string {
	s := strconv.FormatUint(uint64(id), 10)
	return s + " " + s + " " + s + " " + s
}

func (s *sight) identity() error {
	return want(s.status, "", [2]string{"Uid", fourIDs(s.plan.UID)}, [2]string{"Gid", fourIDs(s.plan.GID)}, [2]string{"Groups", s.groups})
}

func (s *sight) capabilities() error {
	return want(s.status, "", [2]string{"CapInh", noCapability}, [2]string{"CapPrm", noCapability}, [2]string{"CapEff", noCapability},
		[2]string{"CapBnd", noCapability}, [2]string{"CapAmb", noCapability})
}

func (s *sight) noNewPrivs() error { return want(s.status, "", [2]string{"NoNewPrivs", "1"}) }

// seccomp: one filter, and the program did not inherit its listener: with that it could answer its own denied calls.
func (s *sight) seccomp() error {
	if err := want(s.status, "", [2]string{"Seccomp", "2"}, [2]string{"Seccomp_filters", "1"}); err != nil {
		return err
	}
	fds, err := descriptors(s.pid)
	if err != nil {
		return fmt.Errorf("verify descriptors: %w", err)
	}
	for _, fd := range fds {
		// The program opens and closes its own meanwhile.
		if link, err := os.Readlink(s.dir + "/fd/" + strconv.Itoa(fd)); err == nil && link == listenerLink {
			return &VerifyError{"descriptor " + strconv.Itoa(fd), "not the filter's listener", link}
		}
	}
	return nil
}

// process: it is the program of the plan, a child of the jail's PID 1, and has what processLines says.
func (s *sight) process() error {
	if err := want(s.status, "", [2]string{"PPid", strconv.Itoa(s.initPid)}, [2]string{"Umask", fmt.Sprintf("%04o", s.plan.Umask)}); err != nil {
		return err
	}
	var exe unix.Stat_t
	if err := unix.Stat(s.dir+"/exe", &exe); err != nil {
		return fmt.Errorf("verify exe: %w", err)
	}
	if got := (program{uint64(exe.Dev), exe.Ino}); got != s.program {
		return &VerifyError{"exe", fmt.Sprintf("inode %d on %d", s.program.ino, s.program.dev), fmt.Sprintf("inode %d on %d", got.ino, got.dev)}
	}
	if got, want := s.status["NSsid"], s.status["NSpid"]; got != want {
		return &VerifyError{"status NSsid", want, got}
	}
	oom, err := os.ReadFile(s.dir + "/oom_score_adj")
	if err != nil {
		return fmt.Errorf("verify oom_score_adj: %w", err)
	}
	if got, want := strings.TrimSpace(string(oom)), strconv.Itoa(s.plan.OOMScoreAdj); got != want {
		return &VerifyError{"oom_score_adj", want, got}
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

// limitNames are the resources as /proc/PID/limits calls them.
var limitNames = map[int]string{
	unix.RLIMIT_CORE: "Max core file size", unix.RLIMIT_MEMLOCK: "Max locked memory", unix.RLIMIT_MSGQUEUE: "Max msgqueue size",
	unix.RLIMIT_NICE: "Max nice priority", unix.RLIMIT_RTPRIO: "Max realtime priority", unix.RLIMIT_SIGPENDING: "Max pending signals",
	unix.RLIMIT_NOFILE: "Max open files", unix.RLIMIT_FSIZE: "Max file size", unix.RLIMIT_NPROC: "Max processes",
}

func (s *sight) rlimits() error {
	b, err := os.ReadFile(s.dir + "/limits")
	if err != nil {
		return fmt.Errorf("verify limits: %w", err)
	}
	lines := strings.Split(string(b), "\n")
	for _, l := range s.plan.Rlimits {
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
