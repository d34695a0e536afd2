package jail

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"jpm/jail/internal/cgroup"
	"jpm/jail/plan"
)

// ErrUnsupported is in every error of Probe that means: this kernel or this user cannot run jails.
var ErrUnsupported = errors.New("not supported here")

// Probe finds out what the kernel can do, by doing it. It needs root, or what Enter gives an ordinary user. What a jail must have and cannot get is an error
// that wraps ErrUnsupported; what it can do without is off in the Host, with the reason. By its documentation Linux 5.12 is the
// oldest kernel that has what must be there.
func Probe() (*Host, error) {
	h := new(Host)
	var uts unix.Utsname
	if err := unix.Uname(&uts); err == nil {
		h.Kernel = unix.ByteSliceToString(uts.Release[:])
	}
	own, err := findOwn()
	if err != nil {
		return nil, err
	}
	h.Own = own
	for _, must := range []struct {
		name string
		try  func() error
	}{
		{"pidfd_open (Linux 5.3)", tryPidfd},
		{"openat2 (Linux 5.6)", tryOpenat2},
		{"mount_setattr (Linux 5.12)", func() error { return tryMountAttr(unix.MOUNT_ATTR_RDONLY) }},
		{"seccomp kill-process (Linux 4.14)", trySeccomp},
		{"namespaces", func() error { return tryClone(own, own.cloneFlags()) }},
		{"user id " + strconv.Itoa(setupID), own.trySetupID},
	} {
		if err := must.try(); err != nil {
			if own != nil && errors.Is(err, unix.EPERM) {
				return nil, fmt.Errorf("jail: %s: %w", must.name, whyNoNamespace(err, sysctl))
			}
			return nil, fmt.Errorf("jail: %s: %w: %w", must.name, err, ErrUnsupported)
		}
	}
	h.UserNS = feature(tryClone(own, unix.CLONE_NEWUSER))
	h.NamespaceLimit = feature(trySetting("user/max_user_namespaces"))
	h.SystemV = feature(trySystemV(own, h.UserNS.On))
	for _, s := range zeroed {
		if trySetting(s.name) == nil {
			h.Settings = append(h.Settings, s.name)
		}
	}
	h.Proc = feature(tryProc(h))
	h.NoSymFollow = feature(tryMountAttr(unix.MOUNT_ATTR_NOSYMFOLLOW))
	_, err = unix.PrctlRetInt(unix.PR_GET_MDWE, 0, 0, 0, 0)
	h.MDWE = feature(err)
	h.Cgroup = cgroup.Probe(beside()...)
	h.Listener = feature(tryListener(h.UserNS.On))
	h.WaitKillable = feature(tryFilterFlags(unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV))
	h.LandlockABI, err = tryLandlock()
	h.Landlock = feature(err)
	h.Resolver, h.TimeZone = findResolver(), findTimeZone()
	h.Runtime, err = findRuntime()
	if err != nil {
		return nil, fmt.Errorf("jail: %w", err)
	}
	for _, dir := range libraryPaths {
		// One that is a link leads to one that is not.
		if fi, err := os.Lstat(dir); err == nil && fi.IsDir() {
			h.Libraries = append(h.Libraries, dir)
		}
	}
	for _, p := range loaderPaths {
		if real, err := filepath.EvalSymlinks(p); err == nil {
			h.Loaders = append(h.Loaders, real)
		}
	}
	h.Real = resolveLinks
	return h, nil
}

func feature(err error) Feature {
	if err != nil {
		return Feature{Why: err.Error()}
	}
	return Feature{On: true}
}

// trySetupID looks whether the id exists: in a container with a range of ids it may not. An ordinary user's jails do without.
func (o *Own) trySetupID() error {
	if o != nil {
		return nil
	}
	for _, file := range []string{"/proc/self/uid_map", "/proc/self/gid_map"} {
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		mapped := false
		for _, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
			var inside, outside, n uint64
			if _, err := fmt.Sscan(line, &inside, &outside, &n); err != nil {
				return fmt.Errorf("%s line %q: %w", file, line, err)
			}
			mapped = mapped || inside <= setupID && setupID < inside+n
		}
		if !mapped {
			return fmt.Errorf("%s does not map it", file)
		}
	}
	return nil
}

// trySetting looks whether a setting that namespaces have of their own is there and not read-only, as it is in containers.
func trySetting(name string) error {
	file := "/proc/sys/" + name
	var st unix.Statfs_t
	if err := unix.Statfs(file, &st); err != nil {
		return fmt.Errorf("statfs %s: %w", file, err)
	}
	if st.Flags&unix.ST_RDONLY != 0 {
		return fmt.Errorf("%s: %w", file, unix.EROFS)
	}
	return nil
}

func tryPidfd() error {
	fd, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

func tryOpenat2() error {
	fd, err := unix.Openat2(unix.AT_FDCWD, "/", &unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS})
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

// tryMountAttr sets an attribute on a detached copy of a mount, which goes with its descriptor.
func tryMountAttr(attr uint64) error {
	// With all below it: in a user namespace no mount can be shown without what is mounted over it.
	fd, err := unix.OpenTree(unix.AT_FDCWD, "/", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH, &unix.MountAttr{Attr_set: attr})
}

func trySeccomp() error {
	action := uint32(unix.SECCOMP_RET_KILL_PROCESS)
	if _, _, e := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_GET_ACTION_AVAIL, 0, uintptr(unsafe.Pointer(&action))); e != 0 {
		return e
	}
	return nil
}

// tryClone clones with the jail's namespaces. The program does not exist: ENOENT means that everything before exec worked,
// the id maps too.
func tryClone(own *Own, extra uintptr) error {
	sys := &syscall.SysProcAttr{Cloneflags: extra | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS}
	if extra&unix.CLONE_NEWUSER != 0 {
		setupUID, setupGID := own.setup()
		p := &plan.Plan{OneID: own != nil, SetupUID: setupUID, SetupGID: setupGID, UID: 65534, GID: 65534}
		if own != nil {
			p.UID, p.GID = own.UID, own.GID
		}
		userNamespace(sys, p)
	}
	_, err := syscall.ForkExec("/nonexistent/jpm", []string{"jpm"}, &syscall.ProcAttr{Sys: sys})
	if err == syscall.ENOENT {
		return nil
	}
	return fmt.Errorf("clone: %w", err)
}

// tryProc mounts a procfs as the jail's, detached. In a user namespace the kernel also wants to see a procfs that nothing
// is mounted over, so that a new one reveals nothing.
//
// Whoever is not root cannot mount one here at all, only in a pid namespace of the jail's user namespace; what is in the way there is seen
// from here.
func tryProc(h *Host) error {
	if h.Own == nil {
		if err := tryMountProc(); err != nil {
			return err
		}
	}
	if !h.UserNS.On {
		return nil
	}
	return wholeProc()
}

func tryMountProc() error {
	fs, err := unix.Fsopen("proc", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return fmt.Errorf("fsopen proc: %w", err)
	}
	defer unix.Close(fs)
	for _, o := range [][2]string{{"hidepid", "invisible"}, {"subset", "pid"}} {
		if err := unix.FsconfigSetString(fs, o[0], o[1]); err != nil {
			return fmt.Errorf("proc option %s=%s: %w", o[0], o[1], err)
		}
	}
	if err := unix.FsconfigCreate(fs); err != nil {
		return fmt.Errorf("create proc: %w", err)
	}
	mnt, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, unix.MOUNT_ATTR_RDONLY)
	if err != nil {
		return fmt.Errorf("mount proc: %w", err)
	}
	return unix.Close(mnt)
}

// wholeProc says what hides a part of the host's procfs.
func wholeProc() error {
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	mounts, err := parseMountinfo(string(b))
	if err != nil {
		return err
	}
	visible := false
	for _, m := range mounts {
		if m.point == "/proc" {
			visible = m.fstype == "proc" && m.root == "/"
		}
	}
	if !visible {
		return fmt.Errorf("the host's /proc is no whole procfs")
	}
	for _, m := range mounts {
		// An empty directory made for a mount hides nothing.
		if within("/proc", m.point) && m.point != "/proc" && m.point != "/proc/sys/fs/binfmt_misc" {
			return fmt.Errorf("%s is mounted over the host's /proc", m.point)
		}
	}
	return nil
}

// findRuntime looks up what of runtimePaths is here.
func findRuntime() ([]RuntimeEntry, error) {
	var all []RuntimeEntry
	for _, r := range runtimePaths {
		fi, err := os.Lstat(r.path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("runtime: %w", err)
		}
		e := RuntimeEntry{Path: r.path, Exec: r.exec, Source: r.path}
		if fi.Mode()&os.ModeSymlink != 0 {
			if e.Source, err = filepath.EvalSymlinks(r.path); err != nil {
				continue // it leads nowhere
			}
			// A link within the runtime stays one; what leads elsewhere becomes a mount of what it leads to.
			if strings.HasPrefix(e.Source, "/usr/") {
				if e.Link, err = os.Readlink(r.path); err != nil {
					return nil, fmt.Errorf("runtime: %w", err)
				}
				e.Source = ""
				all = append(all, e)
				continue
			}
			if fi, err = os.Stat(e.Source); err != nil {
				return nil, fmt.Errorf("runtime: %w", err)
			}
		}
		e.Dir = fi.IsDir()
		all = append(all, e)
	}
	return all, nil
}
