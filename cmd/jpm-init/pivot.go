package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// pivot makes the new root the root of this stage and of the exec stage, whose root and working directory the kernel moves along
// (pivot_root(2)). chroot would not do: it leaves the host's tree mounted, one fchdir away.
func (b *builder) pivot() error {
	if err := unix.Fchdir(b.root); err != nil {
		return err
	}
	return unix.PivotRoot(".", ".")
}

// detach takes the host's tree away. It lies on top of the new root after pivot_root(".", ".").
func (b *builder) detach() error {
	if err := unix.Fchdir(b.old); err != nil {
		return err
	}
	// Nothing of the unmounting below may reach the host.
	if err := unix.Mount("", ".", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return err
	}
	if err := unix.Close(b.old); err != nil {
		return err
	}
	return unix.Chdir("/")
}

func (b *builder) readOnlyRoot() error {
	return unix.MountSetattr(b.root, "", unix.AT_EMPTY_PATH, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY})
}

// proveRoot checks that the working directory is inside the new root: a directory that is not shows as "(unreachable)"
// (CVE-2024-21626).
func proveRoot() error {
	cwd, err := unix.Getwd()
	if err != nil {
		return err
	}
	if cwd != "/" {
		return fmt.Errorf("working directory is %q, want /", cwd)
	}
	return nil
}
