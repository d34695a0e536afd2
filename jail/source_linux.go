package jail

import (
	"errors"
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"jpm/config"
	"jpm/jail/plan"
)

// cloneMount makes a detached mount of an entry's source, with the entry's flags, for jpm-init to put in place. It runs on
// the spawning thread, in whose namespace the pools' /tmp are.
func (s *Spawner) cloneMount(j *Jail, e *plan.Entry) (int, error) {
	src, err := s.openSource(j, e)
	if j.createWrite && e.Writable() && errors.Is(err, unix.ENOENT) {
		if err = makeWrite(j, e.Source); err == nil {
			src, err = s.openSource(j, e)
		}
	}
	if err != nil {
		return -1, fmt.Errorf("%s: %w", e.Origin, j.advise(e, err))
	}
	defer unix.Close(src)
	recursive := uint(0)
	if e.Recursive {
		recursive = unix.AT_RECURSIVE
	}
	mnt, err := unix.OpenTree(src, "", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_EMPTY_PATH|recursive)
	if err != nil {
		return -1, fmt.Errorf("%s: open_tree: %w", e.Origin, err)
	}
	// Private, so that what the host mounts below the source later does not appear in the jail unseen.
	attr := unix.MountAttr{Attr_set: mountAttr(e.Flags), Propagation: unix.MS_PRIVATE}
	if e.Wants == plan.PoolSockets {
		attr.Propagation = unix.MS_SLAVE
	}
	if err := unix.MountSetattr(mnt, "", unix.AT_EMPTY_PATH|recursive, &attr); err != nil {
		unix.Close(mnt)
		return -1, fmt.Errorf("%s: mount_setattr: %w", e.Origin, err)
	}
	return mnt, nil
}

func mountAttr(f plan.Flags) (a uint64) {
	for _, m := range []struct {
		flag plan.Flags
		attr uint64
	}{
		{plan.ReadOnly, unix.MOUNT_ATTR_RDONLY}, {plan.NoSuid, unix.MOUNT_ATTR_NOSUID}, {plan.NoDev, unix.MOUNT_ATTR_NODEV},
		{plan.NoExec, unix.MOUNT_ATTR_NOEXEC}, {plan.NoSymFollow, unix.MOUNT_ATTR_NOSYMFOLLOW},
	} {
		if f&m.flag != 0 {
			a |= m.attr
		}
	}
	return a
}

// openSource opens what an entry binds and checks that it is the kind of thing it must be.
func (s *Spawner) openSource(j *Jail, e *plan.Entry) (int, error) {
	if e.Wants == plan.PoolTmp || e.Wants == plan.PoolSockets {
		s.mu.Lock()
		there := s.pools[j.Name()]
		s.mu.Unlock()
		if !there {
			return -1, fmt.Errorf("pool %s has not been added", j.Name())
		}
		dir := s.tmpDir(j)
		if e.Wants == plan.PoolSockets {
			dir = s.socketDir(j)
		}
		return unix.Open(dir, unix.O_PATH|unix.O_CLOEXEC|unix.O_DIRECTORY, 0)
	}
	fd, err := openTrusted(e.Source)
	if err != nil {
		return -1, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		unix.Close(fd)
		return -1, err
	}
	kind := st.Mode & unix.S_IFMT
	ok := false
	switch e.Wants {
	case plan.Directory:
		ok = kind == unix.S_IFDIR
	case plan.Regular:
		ok = kind == unix.S_IFREG
	case plan.Any:
		ok = kind == unix.S_IFDIR || kind == unix.S_IFREG
	case plan.Device:
		ok = kind == unix.S_IFCHR && unix.Major(uint64(st.Rdev)) == e.Rdev>>8 && unix.Minor(uint64(st.Rdev)) == e.Rdev&0xff
	}
	if !ok {
		unix.Close(fd)
		return -1, fmt.Errorf("%s is no %s", e.Source, wanted(e))
	}
	// On this thread the pools' /tmp are mounted there; a recursive bind would take them all along.
	real, err := os.Readlink("/proc/thread-self/fd/" + strconv.Itoa(fd))
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	if within(real, s.base) || within(s.base, real) {
		unix.Close(fd)
		return -1, fmt.Errorf("%s holds jpm's own run directory %s", e.Source, s.base)
	}
	return fd, nil
}

func wanted(e *plan.Entry) string {
	switch e.Wants {
	case plan.Any:
		return "directory or file"
	case plan.Device:
		return fmt.Sprintf("character device %d:%d", e.Rdev>>8, e.Rdev&0xff)
	}
	return string(e.Wants)
}

// openTrusted opens a path of the host as O_PATH. Symlinks are followed only where a site could not have put them: they
// belong to root and stand in a directory that only root can change. To an ordinary user's jpm, in its user namespace, everybody else is
// nobody and nobody's files are taken for root's: they are not the site's, whose user is jpm's own. Otherwise a site that may write the parent of a path
// could have anything of the host bound into its jail (CVE-2021-30465 and its kin).
func openTrusted(p string) (int, error) {
	for range 40 {
		fd, err := unix.Openat2(unix.AT_FDCWD, p, &unix.OpenHow{
			Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS})
		if err != unix.ELOOP {
			if err != nil {
				return -1, fmt.Errorf("open %s: %w", p, err)
			}
			return fd, nil
		}
		if p, err = followFirst(p); err != nil {
			return -1, err
		}
	}
	return -1, fmt.Errorf("open %s: %w", p, unix.ELOOP)
}

// followFirst replaces the first symlink in p by its target, if it can be trusted.
func followFirst(p string) (string, error) {
	root := config.RootUID()
	parts := strings.Split(strings.TrimPrefix(path.Clean(p), "/"), "/")
	for i := range parts {
		prefix := "/" + path.Join(parts[:i+1]...)
		var st, up unix.Stat_t
		if err := unix.Lstat(prefix, &st); err != nil {
			return "", fmt.Errorf("open %s: %w", prefix, err)
		}
		if st.Mode&unix.S_IFMT != unix.S_IFLNK {
			continue
		}
		if err := unix.Lstat(path.Dir(prefix), &up); err != nil {
			return "", fmt.Errorf("open %s: %w", prefix, err)
		}
		if st.Uid != root || up.Uid != root || up.Mode&0o022 != 0 {
			return "", fmt.Errorf("open %s: %s is a symlink that others than root can change", p, prefix)
		}
		b := make([]byte, unix.PathMax)
		n, err := unix.Readlink(prefix, b)
		if err != nil {
			return "", fmt.Errorf("open %s: %w", prefix, err)
		}
		to := string(b[:n])
		if !path.IsAbs(to) {
			to = path.Join(path.Dir(prefix), to)
		}
		return path.Join(append([]string{to}, parts[i+1:]...)...), nil
	}
	// It changed under us; the caller tries again.
	return p, nil
}
