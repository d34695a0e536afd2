package main

import (
	"maps"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// name is a C string, for calls that are given one.
func name(s string) uintptr {
	p, err := unix.BytePtrFromString(s)
	if err != nil {
		panic(err)
	}
	pinned = append(pinned, p) // the kernel reads it after this function has returned
	return uintptr(unsafe.Pointer(p))
}

var pinned []*byte

// none is the descriptor that nothing has.
const none = ^uintptr(0)

// raw are calls that can do nothing: they name nobody, nothing or nowhere, or only ask. What the kernel says to that shows whether
// they came so far.
var raw = map[string]struct {
	nr   uintptr
	args []uintptr
}{
	"umount":           {unix.SYS_UMOUNT2, []uintptr{name("/nonexistent"), 0}},
	"pivot-root":       {unix.SYS_PIVOT_ROOT, []uintptr{name("/nonexistent"), name("/nonexistent")}},
	"fsopen":           {unix.SYS_FSOPEN, []uintptr{name("tmpfs"), unix.FSOPEN_CLOEXEC}},
	"fsconfig":         {unix.SYS_FSCONFIG, []uintptr{none, 0, 0, 0, 0}},
	"fsmount":          {unix.SYS_FSMOUNT, []uintptr{none, 0, 0}},
	"fspick":           {unix.SYS_FSPICK, []uintptr{none, name("/nonexistent"), 0}},
	"open-tree":        {unix.SYS_OPEN_TREE, []uintptr{none, name("/nonexistent"), 0}},
	"move-mount":       {unix.SYS_MOVE_MOUNT, []uintptr{none, name("x"), none, name("x"), 0}},
	"mount-setattr":    {unix.SYS_MOUNT_SETATTR, []uintptr{none, name("x"), 0, 0, 0}},
	"statmount":        {unix.SYS_STATMOUNT, []uintptr{0, 0, 0, 0}},
	"listmount":        {unix.SYS_LISTMOUNT, []uintptr{0, 0, 0, 0}},
	"setns":            {unix.SYS_SETNS, []uintptr{none, 0}},
	"perf":             {unix.SYS_PERF_EVENT_OPEN, []uintptr{0, 0, none, none, 0}},
	"userfaultfd-user": {unix.SYS_USERFAULTFD, []uintptr{1 | unix.O_CLOEXEC}}, // UFFD_USER_MODE_ONLY
	"uring-enter":      {unix.SYS_IO_URING_ENTER, []uintptr{none, 0, 0, 0, 0, 0}},
	"uring-register":   {unix.SYS_IO_URING_REGISTER, []uintptr{none, 0, 0, 0}},
	"kexec":            {unix.SYS_KEXEC_LOAD, []uintptr{0, 99, 0, 0xffff}},
	"finit-module":     {unix.SYS_FINIT_MODULE, []uintptr{none, name(""), 0}},
	"init-module":      {unix.SYS_INIT_MODULE, []uintptr{0, 0, name("")}},
	"delete-module":    {unix.SYS_DELETE_MODULE, []uintptr{name("jpm-no-such-module"), unix.O_NONBLOCK}},
	"swapon":           {unix.SYS_SWAPON, []uintptr{name("/nonexistent"), 0}},
	"swapoff":          {unix.SYS_SWAPOFF, []uintptr{name("/nonexistent")}},
	"reboot":           {unix.SYS_REBOOT, []uintptr{0, 0, 0, 0}},
	"acct":             {unix.SYS_ACCT, []uintptr{name("/nonexistent")}},
	"quotactl":         {unix.SYS_QUOTACTL, []uintptr{none, name("/nonexistent"), 0, 0}},
	"syslog":           {unix.SYS_SYSLOG, []uintptr{10, 0, 0}}, // how many bytes it has
	"settimeofday":     {unix.SYS_SETTIMEOFDAY, []uintptr{0, 0}},
	"clock-settime":    {unix.SYS_CLOCK_SETTIME, []uintptr{99, 0}},
	"clock-adjtime":    {unix.SYS_CLOCK_ADJTIME, []uintptr{0, 0}},
	"sethostname":      {unix.SYS_SETHOSTNAME, []uintptr{0, 1}},
	"setdomainname":    {unix.SYS_SETDOMAINNAME, []uintptr{0, 1}},
	"fanotify":         {unix.SYS_FANOTIFY_INIT, []uintptr{unix.FAN_REPORT_FID | unix.FAN_CLOEXEC, 0}},
	"memfd-secret":     {unix.SYS_MEMFD_SECRET, []uintptr{unix.O_CLOEXEC}},
	"request-key":      {unix.SYS_REQUEST_KEY, []uintptr{name("user"), name("jpm-no-such-key"), 0, 0}},
	"name-to-handle":   {unix.SYS_NAME_TO_HANDLE_AT, []uintptr{none, name("x"), 0, 0, 0}},
	"open-by-handle":   {unix.SYS_OPEN_BY_HANDLE_AT, []uintptr{none, 0, 0}},
	"execveat":         {unix.SYS_EXECVEAT, []uintptr{none, name("x"), 0, 0, 0}},
	"seccomp-ask":      {unix.SYS_SECCOMP, []uintptr{unix.SECCOMP_GET_ACTION_AVAIL, 1, 0}},
	"landlock-ask":     {unix.SYS_LANDLOCK_CREATE_RULESET, []uintptr{0, 0, 1}},
	"process-madvise":  {unix.SYS_PROCESS_MADVISE, []uintptr{none, 0, 0, 0, 0}},
	"subreaper":        {unix.SYS_PRCTL, []uintptr{unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0}},
	"death-signal":     {unix.SYS_PRCTL, []uintptr{unix.PR_SET_PDEATHSIG, 0, 0, 0, 0}},
	"ptracer":          {unix.SYS_PRCTL, []uintptr{unix.PR_SET_PTRACER, none, 0, 0, 0}},
	"keep-caps":        {unix.SYS_PRCTL, []uintptr{unix.PR_SET_KEEPCAPS, 1, 0, 0, 0}},
	"speculation":      {unix.SYS_PRCTL, []uintptr{unix.PR_GET_SPECULATION_CTRL, 0, 0, 0, 0}},
	"tsc":              {unix.SYS_PRCTL, []uintptr{unix.PR_SET_TSC, 1, 0, 0, 0}}, // as it is
	"mlock":            {unix.SYS_MLOCK, []uintptr{pointer(new(int32)), 1}},
	"setpgid":          {unix.SYS_SETPGID, []uintptr{0, 0}},
	"ioprio":           {unix.SYS_IOPRIO_SET, []uintptr{1, 0, 0}},
	"sched-policy":     {unix.SYS_SCHED_SETSCHEDULER, []uintptr{0, 0, pointer(new(int32))}},
	"setfsuid":         {unix.SYS_SETRESUID, []uintptr{none, none, 0}},
	"setgid-0":         {unix.SYS_SETRESGID, []uintptr{none, 0, none}},
	"remap-pages":      {unix.SYS_REMAP_FILE_PAGES, []uintptr{0, 0, 0, 0, 0}},
	"migrate-pages":    {unix.SYS_MIGRATE_PAGES, []uintptr{0, 0, 0, 0}},
	"aio":              {unix.SYS_IO_SETUP, []uintptr{0, 0}},
	"timerfd":          {unix.SYS_TIMERFD_CREATE, []uintptr{unix.CLOCK_MONOTONIC, 0}},
	"pidfd-open":       {unix.SYS_PIDFD_OPEN, []uintptr{1, 0}},
	"clock-boot":       {unix.SYS_TIMER_CREATE, []uintptr{unix.CLOCK_BOOTTIME_ALARM, 0, pointer(new(int32))}},
}

var numbers []*int32

// pointer is that of a number that stays where it is.
func pointer(p *int32) uintptr {
	numbers = append(numbers, p)
	return uintptr(unsafe.Pointer(p))
}

func init() {
	arguments["raw"] = func(n string) error {
		c, ok := raw[n]
		if !ok {
			return unix.EBADRQC // none of the kernel's answers
		}
		return call(c.nr, c.args...)
	}
	arguments["namespace"] = func(n string) error { return forkInto(namespaces[n]) }
	maps.Copy(probes, map[string]func() error{
		"chroot-here": func() error { return unix.Chroot(env("WRITE")) },
		"capset": func() error {
			header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
			data := [2]unix.CapUserData{{Effective: 1 << unix.CAP_SYS_ADMIN, Permitted: 1 << unix.CAP_SYS_ADMIN}}
			return unix.Capset(&header, &data[0])
		},
		"unshare-in-thread": func() error { runtime.LockOSThread(); return unix.Unshare(unix.CLONE_NEWNS) },
	})
}

var namespaces = map[string]uintptr{
	"user": 0, "mount": unix.CLONE_NEWNS, "pid": unix.CLONE_NEWPID, "net": unix.CLONE_NEWNET, "ipc": unix.CLONE_NEWIPC,
	"uts": unix.CLONE_NEWUTS, "cgroup": unix.CLONE_NEWCGROUP,
}

// forkInto makes a process in a new user namespace and another new one, which ends at once.
func forkInto(flags uintptr) error {
	pid, _, e := unix.RawSyscall6(unix.SYS_CLONE, unix.CLONE_NEWUSER|flags|uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if e != 0 {
		return e
	}
	if pid == 0 {
		unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	}
	_, err := unix.Wait4(int(pid), nil, 0, nil)
	return err
}
