package jail

import (
	"time"

	"golang.org/x/sys/unix"

	"jpm/jail/internal/seccomp"
)

// Denial is a system call that the worker's profile denies. It has failed with Errno and the worker goes on.
type Denial struct {
	// Time is when the master heard of it, which is before the call returned.
	Time time.Time
	// Call is the system call's name, or its number where the table has no name for it. "" stands for calls of a flood that were
	// counted and not looked at.
	Call string
	// Args are the arguments that say what was tried, as name=value. Text of the worker's is quoted, printable and bounded. It was
	// read once, from memory that another thread of the worker can change meanwhile.
	Args string
	// Errno is what the worker got, 0 where Call is "".
	Errno unix.Errno
	// Count is how many calls this is about: 1, or more where Call is "".
	Count uint64
}

// answer is the error of a call that was asked about. The profile is asked again, with the arguments that the kernel copied, because the
// kernel does not tell which rule has asked. What the profile would allow or kill for never asks, except for the exec after the first.
func answer(p *seccomp.Profile, nr uint32, args [6]uint64) unix.Errno {
	if v, _ := p.Decide(nr, args); v.Denied() {
		return v.Errno()
	}
	return unix.EPERM
}
