package jail

import (
	"errors"
	"fmt"
	"path"

	"golang.org/x/sys/unix"
)

// errSwapped says that a directory was replaced between its making and the look at it.
var errSwapped = errors.New("somebody else put another directory there")

// makeWrite makes a missing directory of jail.write with its final owner and mode. Only the last element of p is made, and its parent is
// opened as every source of a mount is: no link that a site could have put there is followed.
func makeWrite(j *Jail, p string) error {
	parent, err := openTrusted(path.Dir(p))
	if err != nil {
		return err
	}
	defer unix.Close(parent)
	name := path.Base(p)
	// Nobody gets in before it has its owner.
	if err := unix.Mkdirat(parent, name, 0); err != nil && err != unix.EEXIST {
		return fmt.Errorf("mkdir %s: %w", p, err)
	} else if err == unix.EEXIST {
		return nil
	}
	fd, err := unix.Openat(parent, name, unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open %s: %w", p, err)
	}
	defer unix.Close(fd)
	// Who owns the parent could have moved a directory of somebody else's here: that is not to be given away.
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return fmt.Errorf("stat %s: %w", p, err)
	}
	if st.Uid != 0 || st.Mode&0o7777 != 0 {
		return fmt.Errorf("make %s: %w", p, errSwapped)
	}
	if err := unix.Fchown(fd, int(j.plan.UID), int(j.plan.GID)); err != nil {
		return fmt.Errorf("chown %s: %w", p, err)
	}
	if err := unix.Fchmod(fd, 0o777&^j.plan.Umask); err != nil {
		return fmt.Errorf("chmod %s: %w", p, err)
	}
	return nil
}
