package jail

import (
	"errors"
	"fmt"
	"path"
	"slices"

	"golang.org/x/sys/unix"

	"jpm/jail/plan"
)

// Inspect lists what of the host the jail needs and this host does not have now, or the pool's user cannot use: paths and sockets of
// services. Each error names the configuration's field. None of it keeps jpm from starting: a disk that is mounted late or a
// database that starts late is used when it is there.
func (j *Jail) Inspect() []error {
	var all []error
	for i := range j.plan.Entries {
		e := &j.plan.Entries[i]
		if e.Kind != plan.Bind || e.Source == "" {
			continue
		}
		fd, err := openTrusted(e.Source)
		if err != nil {
			if !errors.Is(err, unix.ENOENT) || !j.willMake(e.Source) {
				all = append(all, fmt.Errorf("%s: %w", e.Origin, j.advise(e, err)))
			}
			continue
		}
		if e.Writable() && !j.mayWrite(fd) {
			all = append(all, fmt.Errorf("%s: uid %d cannot write there: chown %d:%d %s", e.Origin, j.plan.UID, j.plan.UID, j.plan.GID, e.Source))
		}
		unix.Close(fd)
	}
	for _, p := range j.sockets {
		fd, _, err := openSocket(p)
		if err != nil {
			all = append(all, fmt.Errorf("jail.sockets %s: connections are refused until the service makes it: %w", p, err))
			continue
		}
		if !j.mayWrite(fd) {
			all = append(all, fmt.Errorf("jail.sockets %s: its mode does not let uid %d, gid %d connect", p, j.plan.UID, j.plan.GID))
		}
		unix.Close(fd)
	}
	return all
}

// willMake says whether p is a directory that createWrite makes: one of jail.write whose parent is there, or is such a directory too.
func (j *Jail) willMake(p string) bool {
	mine := func(e plan.Entry) bool { return e.Writable() && e.Source == p }
	if !j.createWrite || !slices.ContainsFunc(j.plan.Entries, mine) {
		return false
	}
	fd, err := openTrusted(path.Dir(p))
	if err != nil {
		return j.willMake(path.Dir(p))
	}
	unix.Close(fd)
	return true
}

// mayWrite asks the mode bits; the pool's user has no groups but its own. Access control lists are not looked at, so a file that has some
// may be written. An ordinary user's jpm is that user, and asks the kernel.
func (j *Jail) mayWrite(fd int) bool {
	if j.plan.OneID {
		return unix.Faccessat(fd, "", unix.W_OK, unix.AT_EMPTY_PATH|unix.AT_EACCESS) == nil
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return false
	}
	switch {
	case st.Uid == j.plan.UID:
		return st.Mode&unix.S_IWUSR != 0
	case st.Mode&unix.S_IWGRP != 0 && (st.Gid == j.plan.GID || hasACL(fd)):
		return true
	case st.Gid == j.plan.GID:
		return false
	}
	return st.Mode&unix.S_IWOTH != 0
}

// hasACL says whether a file has an access control list, whose mask shows as the group's bits (acl(5)).
func hasACL(fd int) bool {
	n, err := unix.Getxattr(fmt.Sprintf("/proc/self/fd/%d", fd), "system.posix_acl_access", nil)
	return err == nil && n > 0
}

// advise adds to a missing directory of jail.write what makes it.
func (j *Jail) advise(e *plan.Entry, err error) error {
	if !e.Writable() || !errors.Is(err, unix.ENOENT) {
		return err
	}
	hint := ", or write jail.create_write = true"
	if j.createWrite { // its parent is missing
		hint = ""
	}
	return fmt.Errorf("%w; make it: install -d -o %d -g %d -m %04o %s%s", err, j.plan.UID, j.plan.GID, 0o777&^j.plan.Umask, e.Source, hint)
}
