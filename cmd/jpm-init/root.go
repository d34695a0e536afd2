package main

import (
	"fmt"
	"path"
	"strconv"

	"golang.org/x/sys/unix"

	"jpm/jail/plan"
)

// inRoot makes openat2(2) treat the descriptor as the root and refuse every symlink: mount points can lie in directories
// that the site's own code wrote.
const inRoot = unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS

func privateMounts() error {
	return unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
}

// newRoot mounts a small tmpfs over the host's root. What is below stays the root of both stages until the pivot.
func (b *builder) newRoot() error {
	var err error
	if b.old, err = unix.Open("/", unix.O_DIRECTORY|unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
		return err
	}
	b.root, err = mountNew("tmpfs", unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC,
		"mode", "0755", "size", strconv.FormatUint(b.p.RootBytes, 10), "nr_inodes", strconv.FormatUint(b.p.RootInodes, 10))
	if err != nil {
		return err
	}
	return unix.MoveMount(b.root, "", unix.AT_FDCWD, "/", unix.MOVE_MOUNT_F_EMPTY_PATH)
}

// mountNew makes a filesystem and gives its detached mount (fsopen, fsmount: Linux 5.2).
func mountNew(fstype string, attr int, options ...string) (int, error) {
	fs, err := unix.Fsopen(fstype, unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, fmt.Errorf("fsopen %s: %w", fstype, err)
	}
	defer unix.Close(fs)
	for i := 0; i+1 < len(options); i += 2 {
		if err := unix.FsconfigSetString(fs, options[i], options[i+1]); err != nil {
			return -1, fmt.Errorf("%s option %s=%s: %w", fstype, options[i], options[i+1], err)
		}
	}
	if err := unix.FsconfigCreate(fs); err != nil {
		return -1, fmt.Errorf("create %s: %w", fstype, err)
	}
	m, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, attr)
	if err != nil {
		return -1, fmt.Errorf("fsmount %s: %w", fstype, err)
	}
	return m, nil
}

// fillRoot makes every entry of the plan. Bind mounts come as descriptors in the same order.
func (b *builder) fillRoot() error {
	next := plan.FDFirst + b.passed()
	for i := range b.p.Entries {
		e := &b.p.Entries[i]
		var err error
		switch e.Kind {
		case plan.Dir:
			err = b.mkdir(e.Path, e.Mode)
		case plan.File:
			err = b.writeFile(e.Path, e.Mode, e.Data)
		case plan.Link:
			err = b.symlink(e.Path, e.Data)
		case plan.Bind:
			err = b.attach(next, e.Path)
			next++
		case plan.Proc:
			err = b.proc(e.Path)
		default:
			err = unix.EINVAL
		}
		if err != nil {
			return fmt.Errorf("%s %s: %w", e.Kind, e.Path, err)
		}
	}
	return nil
}

// open opens a path of the new root as O_PATH.
func (b *builder) open(p string) (int, error) {
	return unix.Openat2(b.root, p, &unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: inRoot})
}

// parent opens the directory p lies in and gives it with p's last element.
func (b *builder) parent(p string) (int, string, error) {
	fd, err := b.open(path.Dir(p))
	return fd, path.Base(p), err
}

func (b *builder) mkdir(p string, mode uint32) error {
	dir, name, err := b.parent(p)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	if err := unix.Mkdirat(dir, name, mode); err != nil && err != unix.EEXIST {
		return err
	}
	return nil
}

func (b *builder) symlink(p, target string) error {
	dir, name, err := b.parent(p)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	return unix.Symlinkat(target, dir, name)
}

func (b *builder) writeFile(p string, mode uint32, data string) error {
	dir, name, err := b.parent(p)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	fd, err := unix.Openat(dir, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, mode)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	for len(data) > 0 {
		n, err := unix.Write(fd, []byte(data))
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

// attach mounts the descriptor mnt on p, and makes the mount point if there is none yet.
func (b *builder) attach(mnt int, p string) error {
	at, err := b.open(p)
	if err == unix.ENOENT {
		var st unix.Stat_t
		if err := unix.Fstat(mnt, &st); err != nil {
			return err
		}
		if st.Mode&unix.S_IFMT == unix.S_IFDIR {
			err = b.mkdir(p, 0o755)
		} else {
			err = b.writeFile(p, 0o444, "")
		}
		if err != nil {
			return fmt.Errorf("mount point: %w", err)
		}
		at, err = b.open(p)
	}
	if err != nil {
		return fmt.Errorf("mount point: %w", err)
	}
	defer unix.Close(at)
	return unix.MoveMount(mnt, "", at, "", unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH)
}

// proc mounts a procfs that shows only the processes of the worker's own uid, and nothing that is no process. Read-only is
// what stops a write to /proc/self/mem, which would change read-only code on kernels that force such writes.
func (b *builder) proc(p string) error {
	mnt, err := mountNew("proc", unix.MOUNT_ATTR_RDONLY|unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC,
		"hidepid", "invisible", "subset", "pid")
	if err != nil {
		return err
	}
	defer unix.Close(mnt)
	return b.attach(mnt, p)
}
