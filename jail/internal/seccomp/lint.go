package seccomp

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// unreachable says why no call can ever match r, the next rule of the profile; "" if one can.
func (p *parser) unreachable(r *Rule) string {
	if at, decided := p.whole[r.Name]; decided {
		return fmt.Sprintf("%s is never reached here: %s decides it for all arguments", r.Name, at)
	}
	for i := range r.Conds {
		for j := range r.Conds[:i] {
			if a, b := &r.Conds[i], &r.Conds[j]; a.Arg == b.Arg && a.excludes(b) {
				return fmt.Sprintf("%s never matches: arg%d cannot meet both conditions", r.Name, a.Arg)
			}
		}
	}
	for _, s := range p.profile.Sections {
		for i := range s.Rules {
			if e := &s.Rules[i]; e.Number == r.Number && e.covers(r) {
				return fmt.Sprintf("%s is never reached here: %s decides all that would match", r.Name, e.At)
			}
		}
	}
	return ""
}

// excludes says whether no value of the argument meets both conditions.
func (c *Cond) excludes(d *Cond) bool {
	if c.Null || d.Null {
		return !c.meets(0) || !d.meets(0)
	}
	for _, v := range c.Values {
		for _, w := range d.Values {
			if (v^w)&c.Mask&d.Mask == 0 {
				return false
			}
		}
	}
	return true
}

func (c *Cond) meets(v uint32) bool { return c.matches(uint64(v)) }

// covers says whether every call that matches later matches e: each condition of e is implied by one of later. Rules that
// cover another only together are not looked for.
func (e *Rule) covers(later *Rule) bool {
	for i := range e.Conds {
		implied := false
		for j := range later.Conds {
			implied = implied || later.Conds[j].implies(&e.Conds[i])
		}
		if !implied {
			return false
		}
	}
	return true
}

func (c *Cond) implies(d *Cond) bool {
	switch {
	case c.Arg != d.Arg:
		return false
	case c.Null:
		return d.meets(0)
	case d.Null, d.Mask&^c.Mask != 0: // c leaves bits open that d looks at
		return false
	}
	for _, v := range c.Values {
		if !d.meets(v) {
			return false
		}
	}
	return true
}

// killClass names the profile whose calls no other may allow.
const killClass = "tripwires"

// forbidden complains about what no worker may be allowed, whatever its profile says: the kill class, and calls that are
// harmless with some arguments and a way out with others.
func (p *parser) forbidden() {
	wires := &parser{profile: &Profile{Name: killClass}, source: p.source, whole: make(map[string]string)}
	wires.file(killClass, "", 0)
	p.problems = append(p.problems, wires.problems...)
	for _, s := range p.profile.Sections {
		for _, r := range s.Rules {
			if at, no := wires.whole[r.Name]; no && s.Verdict == Allow {
				p.problem(r.At, "%s must not be allowed: it is in the kill class (%s)", r.Name, at)
			}
		}
	}
	said := make(map[string]bool) // one rule can allow many of these
	for _, f := range waysOut {
		if f.onlyListed && p.profile.Exec != ExecListed {
			continue
		}
		nr, ok := numbers[f.call]
		if !ok {
			continue
		}
		v, r := p.profile.Decide(nr, f.args)
		if v != Allow || r == nil || said[r.At+f.why] {
			continue
		}
		said[r.At+f.why] = true
		p.problem(r.At, "%s must not be allowed with all arguments that this line lets pass: %s", f.call, f.why)
	}
}

// wayOut is a call that would open the jail.
type wayOut struct {
	call       string
	args       [6]uint64
	why        string
	onlyListed bool // it is one where the profile lets programs be executed
}

var waysOut = func() []wayOut {
	all := []wayOut{
		{call: "clone3", why: "its flags lie behind a pointer, where no filter sees them; give it ENOSYS and the C library calls clone"},
		{call: "personality", args: [6]uint64{0x0400000}, why: "READ_IMPLIES_EXEC makes data executable; \"arg0 in 0xffffffff\" only asks"},
		{call: "ioctl", args: [6]uint64{0, unix.TIOCSTI}, why: "TIOCSTI types into a terminal; name the requests that are needed, as in \"arg1 in TCGETS FIONREAD\""},
		{call: "ioctl", args: [6]uint64{0, unix.TIOCLINUX}, why: "TIOCLINUX types into a terminal; name the requests that are needed, as in \"arg1 in TCGETS FIONREAD\""},
		{call: "memfd_create", why: "a program in such a file lies on no mount and in no list; \"arg1 & 8 in 8\" asks for one that cannot be executed", onlyListed: true},
	}
	for _, flag := range []uint64{unix.CLONE_NEWNS, unix.CLONE_NEWCGROUP, unix.CLONE_NEWUTS, unix.CLONE_NEWIPC, unix.CLONE_NEWUSER, unix.CLONE_NEWPID, unix.CLONE_NEWNET} {
		for _, with := range []uint64{uint64(unix.SIGCHLD), unix.CLONE_VM | unix.CLONE_THREAD} {
			all = append(all, wayOut{call: "clone", args: [6]uint64{flag | with}, why: "it makes namespaces; \"arg0 & CLONE_NEWANY in 0\" lets only processes and threads pass"})
		}
	}
	for family := range uint64(unix.AF_MAX) {
		switch family {
		case unix.AF_UNIX, unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK:
			continue
		}
		for _, kind := range []uint64{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_RAW, unix.SOCK_SEQPACKET} {
			all = append(all, wayOut{call: "socket", args: [6]uint64{family, kind}, why: "families such as AF_ALG, AF_PACKET and AF_VSOCK are in the kill class; name those that are needed, as in \"arg0 in AF_UNIX AF_INET AF_INET6\""})
		}
	}
	return all
}()
