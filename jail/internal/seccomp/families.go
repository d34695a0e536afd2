package seccomp

import "golang.org/x/sys/unix"

// UnixOnly is the profile with no IP sockets, whatever p says: socket(2) answers EAFNOSUPPORT for the stream and datagram sockets of AF_INET
// and AF_INET6, as a kernel without them does, and EPERM for their other kinds, which no honest program asks for and the listener hears of. p does not change. An empty network namespace leaves such a socket nothing to reach; without one the kernel's IP code is out of reach too.
func (p *Profile) UnixOnly() *Profile {
	nr, _ := Number("socket")
	families := Cond{Arg: 0, Mask: 0xffffffff, Values: []uint32{unix.AF_INET, unix.AF_INET6}}
	kinds := Cond{Arg: 1, Mask: 0xff, Values: []uint32{unix.SOCK_STREAM, unix.SOCK_DGRAM}}
	rule := func(v Verdict, c ...Cond) Section {
		return Section{Verdict: v, Rules: []Rule{{Name: "socket", Number: nr, Conds: c, At: "jail.network"}}}
	}
	q := *p
	q.Sections = append([]Section{rule(Errno(unix.EAFNOSUPPORT), families, kinds), rule(Deny(unix.EPERM), families)}, p.Sections...)
	return &q
}
