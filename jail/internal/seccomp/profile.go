package seccomp

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Profile is a parsed profile for this architecture.
type Profile struct {
	Name string
	// Default is what a call gets that no rule matches.
	Default Verdict
	// Exec says what the worker may execute after its own start.
	Exec     Exec
	Sections []Section
}

// Exec says what a worker may execute after its own start.
type Exec string

// What a profile can say about exec.
const (
	ExecOnce   Exec = "once"   // nothing: its own start was the only one
	ExecListed Exec = "listed" // its own program and what is in jail.exec
)

// Section is one verdict and the rules that lead to it.
type Section struct {
	Verdict Verdict
	Rules   []Rule
}

// Rule is one system call and the conditions on its arguments, all of which must hold.
type Rule struct {
	Name   string
	Number uint32
	Conds  []Cond
	// At is where the rule is written, as file:line.
	At string
}

// Cond is a condition on one argument: its low 32 bits, masked, are one of Values; or, with Null, all 64 are zero.
type Cond struct {
	Arg    int
	Mask   uint32
	Values []uint32
	Null   bool
}

// Verdict is what happens to a call, as the value that seccomp returns to the kernel (seccomp(2), SECCOMP_RET_*).
type Verdict uint32

// The verdicts that carry no errno.
const (
	Allow Verdict = unix.SECCOMP_RET_ALLOW
	Kill  Verdict = unix.SECCOMP_RET_KILL_PROCESS
)

// Errno is the verdict that makes a call fail with e, of which nobody hears.
func Errno(e unix.Errno) Verdict { return unix.SECCOMP_RET_ERRNO | Verdict(e) }

// Deny is the verdict that makes a call fail with e and tells the listener of the filter, if it has one.
func Deny(e unix.Errno) Verdict { return unix.SECCOMP_RET_USER_NOTIF | Verdict(e) }

// Denied reports whether v came from Deny.
func (v Verdict) Denied() bool { return v&unix.SECCOMP_RET_ACTION_FULL == unix.SECCOMP_RET_USER_NOTIF }

// Errno is the error of a call that fails by v. For Allow and Kill it means nothing.
func (v Verdict) Errno() unix.Errno { return unix.Errno(v & unix.SECCOMP_RET_DATA) }

// Quiet is v where nobody listens: a denial is its error and nothing more.
func (v Verdict) Quiet() Verdict {
	if v.Denied() {
		return Errno(v.Errno())
	}
	return v
}

func (v Verdict) String() string {
	switch {
	case v == Allow:
		return "allow"
	case v == Kill:
		return "kill"
	case v&unix.SECCOMP_RET_ACTION_FULL == unix.SECCOMP_RET_ERRNO:
		return unix.ErrnoName(v.Errno())
	case v.Denied():
		return "deny " + unix.ErrnoName(v.Errno())
	default:
		return fmt.Sprintf("%#x", uint32(v))
	}
}

// Decide reads the profile the plain way, section by section: what the compiled program must answer for a call of this
// architecture. The rule is nil where none matches.
func (p *Profile) Decide(nr uint32, args [6]uint64) (Verdict, *Rule) {
	if nr > Newest() {
		return Errno(unix.ENOSYS), nil
	}
	for i := range p.Sections {
		s := &p.Sections[i]
		for j := range s.Rules {
			if r := &s.Rules[j]; r.Number == nr && r.matches(args) {
				return s.Verdict, r
			}
		}
	}
	return p.Default, nil
}

func (r *Rule) matches(args [6]uint64) bool {
	for _, c := range r.Conds {
		if !c.matches(args[c.Arg]) {
			return false
		}
	}
	return true
}

func (c *Cond) matches(arg uint64) bool {
	if c.Null {
		return arg == 0
	}
	for _, v := range c.Values {
		if uint32(arg)&c.Mask == v {
			return true
		}
	}
	return false
}
