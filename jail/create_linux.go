package jail

import (
	"fmt"
	"path"

	"golang.org/x/sys/unix"
)

// createWrite makes the missing directories of jail.write, if the configuration says so, for the pool's user. Only the last element of a
// path is made, and its parent is opened as every source of a mount is: no link that a site could have put there is followed.
func createWrite(j *Jail) error {
	if !j.createWrite {
		return nil
	}
	for _, p := range j.write {
		if err := makeFor(p, int(j.plan.UID), int(j.plan.GID), 0o777&^j.plan.Umask); err != nil {
			return fmt.Errorf("jail.write %s: %w", p, err)
		}
	}
	return nil
}

// makeFor makes a directory with its final owner and mode. One that is there stays as it is.
func makeFor(p string, uid, gid int, mode uint32) error {
	parent, err := openTrusted(path.Dir(p))
	if err != nil {
		return err
	}
	defer unix.Close(parent)
	name := path.Base(p)
	// Nobody gets in before it has its owner.
	if err := unix.Mkdirat(parent, name, 0); err == unix.EEXIST {
		return nil
	} else if err != nil {
		return fmt.Errorf("mkdir: %w", err)
	}
	fd, err := unix.Openat(parent, name, unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer unix.Close(fd)
	if err := unix.Fchown(fd, uid, gid); err != nil {
		return fmt.Errorf("chown: %w", err)
	}
	if err := unix.Fchmod(fd, mode); err != nil {
		return fmt.Errorf("chmod: %w", err)
	}
	return nil
}
