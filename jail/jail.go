package jail

import (
	"fmt"
	"path"
	"slices"

	"golang.org/x/sys/unix"

	"jpm/config"
	"jpm/jail/internal/seccomp"
	"jpm/jail/plan"
	"jpm/jail/profiles"
)

// setupID owns nothing on any host: user and group of those who build a jail and of its PID 1. It is above what distributions and
// container engines give out by default (subuid ranges end at 600100000), and all jails may share it because none of these
// processes sees another.
const setupID = 2000000000

// oomScore makes the kernel choose a worker before the database beside it when memory runs out.
const oomScore = 500

// Jail is the compiled jail of one pool, or of the proxy. It does not change and may be used concurrently.
type Jail struct {
	plan *plan.Plan
	host *Host
	// tmp is the size of the pool's /tmp in bytes and tmpFiles the number of its inodes; 0 means there is none.
	tmp, tmpFiles int64
	// sockets are the paths of services' sockets, on the host as in the jail.
	sockets []string
	// createWrite makes the directories of jail.write that are missing.
	createWrite bool
	// profile names the seccomp profile, for Explain.
	profile string
	// limits are those of the cgroups.
	limits cgroupLimits
	// denials answers denied calls; nil if the plan has no listener.
	denials *seccomp.Profile
}

// Name is the pool's name, or "proxy".
func (j *Jail) Name() string { return j.plan.Name }

// Compile decides everything about the jail of a pool's workers. It touches neither kernel nor files, apart from what h
// found, so it works without root. Errors name the configuration field.
func Compile(p config.Pool, h *Host) (*Jail, error) {
	network, err := networkOf(p.Jail)
	if err != nil {
		return nil, err
	}
	j := &Jail{host: h, tmp: p.Limits.Tmp, tmpFiles: tmpFiles(p.Limits), profile: p.Jail.Seccomp, createWrite: p.Jail.CreateWrite}
	filter, err := workerProfile(p.Jail)
	if err != nil {
		return nil, err
	}
	pl, err := newPlan(p.Name, p.UID, p.GID, h, filter, network)
	if err != nil {
		return nil, err
	}
	j.plan = pl
	if h.Listener.On {
		j.denials, pl.Filter, pl.Listener = filter.text, filter.asking, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER
		if h.WaitKillable.On {
			pl.Listener |= unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
		}
	}
	if len(p.Command) == 0 || !path.IsAbs(p.Command[0]) {
		return nil, fmt.Errorf("command: want an absolute path")
	}
	if p.Limits.Tmp <= 0 {
		return nil, fmt.Errorf("limits.tmp: want a size")
	}
	if j.limits, err = compileLimits(p.Limits, h.Cgroup); err != nil {
		return nil, err
	}
	pl.Path, pl.Argv = path.Clean(p.Command[0]), slices.Clone(p.Command)
	pl.Umask = p.Jail.Mask
	pl.Rlimits = rlimits(p.Limits, h.UserNS.On)

	t := &tree{listed: filter.listed}
	t.addRuntime(h)
	t.addEtc(p)
	t.addResolver(p, h)
	t.addDev(h)
	t.addTmp()
	if isPHP(p) {
		ini, err := phpINI(p, h)
		if err != nil {
			return nil, err
		}
		t.add(plan.Entry{Kind: plan.File, Path: phpINIPath, Mode: 0o444, Data: ini.text, Origin: "the jail's php.ini"})
		pl.MDWE = ini.mdwe
	} else {
		if len(p.PHP.INI)+len(p.PHP.LockedINI) != 0 {
			return nil, fmt.Errorf("php: only for php-cgi, and command is %s", p.Command[0])
		}
		pl.MDWE = h.MDWE.On
		t.addShm()
	}
	if err := t.addSite(p.Jail, h); err != nil {
		return nil, err
	}
	if j.sockets, err = t.addSockets(p.Jail); err != nil {
		return nil, err
	}
	program, err := t.addProgram(pl.Path, h)
	if err != nil {
		return nil, fmt.Errorf("command %s: %w", p.Command[0], err)
	}
	if pl.Entries, err = t.entries(); err != nil {
		return nil, err
	}
	if p.Jail.Landlock {
		pl.Landlock = landlockRules(pl.Entries, h.LandlockABI, p.Jail.Network != "none")
		if !filter.makesFifos() {
			landlockNever(&pl.Landlock, unix.LANDLOCK_ACCESS_FS_MAKE_FIFO)
		}
		// Where nothing is listed the program may be a script, whose interpreter is in the runtime too; php-cgi is none.
		switch {
		case t.inRuntime(program) && (filter.listed || isPHP(p)):
			landlockPrograms(&pl.Landlock, pl.Entries, h, program)
		case filter.listed:
			landlockPrograms(&pl.Landlock, pl.Entries, h)
		}
	}
	if err := mayExec(pl, program); err != nil {
		return nil, fmt.Errorf("command %s: %w", p.Command[0], err)
	}
	pl.Dir = "/"
	if p.Scripts.Root != "" {
		root := path.Clean(p.Scripts.Root)
		if cover(pl, root) == nil {
			return nil, fmt.Errorf("scripts.root %s: not in the jail; name it or a parent in jail.read", p.Scripts.Root)
		}
		pl.Dir = root
	}
	if pl.Env, err = environment(p); err != nil {
		return nil, err
	}
	return j, nil
}

// CompileProxy is the jail of jpm's own proxy: an empty read-only root, no network but the sockets it is handed, the
// profile "proxy". Its program comes by descriptor (StartProxy).
func CompileProxy(uid, gid uint32, h *Host) (*Jail, error) {
	filter, err := compiled("proxy", "", false, profiles.Text)
	if err != nil {
		return nil, err
	}
	pl, err := newPlan("proxy", uid, gid, h, filter, plan.NoNetwork)
	if err != nil {
		return nil, err
	}
	pl.Umask = 0o077
	pl.Rlimits = proxyRlimits()
	pl.Dir = "/"
	pl.MDWE = h.MDWE.On
	pl.Env = []string{"GOTRACEBACK=single"}
	pl.Landlock = landlockProgram(h.LandlockABI, h.Own != nil)
	return &Jail{plan: pl, host: h, profile: "proxy"}, nil
}

func newPlan(name string, uid, gid uint32, h *Host, filter *profile, network plan.Network) (*plan.Plan, error) {
	if uid == 0 || gid == 0 {
		return nil, fmt.Errorf("user: must not be root")
	}
	if uid == setupID || gid == setupID || uid == ^uint32(0) || gid == ^uint32(0) {
		return nil, fmt.Errorf("user: id %d is reserved", max(uid, gid))
	}
	if err := h.Own.accepts(uid, gid); err != nil {
		return nil, err
	}
	initFilter, err := compiled("init", "", false, profiles.Text)
	if err != nil {
		return nil, err
	}
	setupUID, setupGID := h.Own.setup()
	return &plan.Plan{
		Name:       name,
		Hostname:   name,
		UserNS:     h.UserNS.On,
		Zero:       zero(h, filter, network),
		OneID:      h.Own != nil,
		SetupUID:   setupUID,
		SetupGID:   setupGID,
		UID:        uid,
		GID:        gid,
		Network:    network,
		RootBytes:  1 << 20,
		RootInodes: 1024,
		// Entries, Rlimits, Dir, Path, Argv, Env: the caller's
		OOMScoreAdj: oomScore,
		ExecOnce:    !filter.listed,
		Filter:      filter.filter,
		InitFilter:  initFilter.filter,
	}, nil
}

// rlimits are the worker's; what memory, processes and CPU may be used in all is not for rlimits to say.
func rlimits(l config.Limits, userNS bool) []plan.Rlimit {
	all := []plan.Rlimit{
		{Resource: unix.RLIMIT_CORE},
		{Resource: unix.RLIMIT_MEMLOCK},
		{Resource: unix.RLIMIT_MSGQUEUE},
		{Resource: unix.RLIMIT_NICE},
		{Resource: unix.RLIMIT_RTPRIO},
		{Resource: unix.RLIMIT_SIGPENDING, Value: 1024},
		{Resource: unix.RLIMIT_NOFILE, Value: uint64(l.Files)},
	}
	if l.FileSize > 0 {
		all = append(all, plan.Rlimit{Resource: unix.RLIMIT_FSIZE, Value: uint64(l.FileSize)})
	}
	if userNS {
		// Counted per user and user namespace, so per jail; without the namespace it would be one number for all workers of
		// the pool.
		all = append(all, plan.Rlimit{Resource: unix.RLIMIT_NPROC, Value: maxThreads})
	}
	return all
}

// maxThreads bounds a worker's threads where the kernel counts them per jail.
const maxThreads = 512

func proxyRlimits() []plan.Rlimit {
	return []plan.Rlimit{
		{Resource: unix.RLIMIT_CORE},
		{Resource: unix.RLIMIT_MEMLOCK},
		{Resource: unix.RLIMIT_MSGQUEUE},
	}
}
