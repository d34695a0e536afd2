package seccomp

import (
	"math/rand/v2"
	"testing"

	"golang.org/x/sys/unix"
)

// With a listener the same calls fail, and the denied ones, only they, fail by asking it.
func TestListener(t *testing.T) {
	const ask = Verdict(unix.SECCOMP_RET_USER_NOTIF)
	r := rand.New(rand.NewPCG(3, 4))
	for _, name := range names {
		p, plain := load(t, name)
		raw, err := p.CompileListener()
		if err != nil {
			t.Fatal(err)
		}
		m := interpret(t, raw)
		for range 40 {
			for nr := range uint32(600) {
				var args [6]uint64
				for i := range args {
					args[i] = r.Uint64() >> r.IntN(64)
				}
				want := plain.call(nr, args[:]...)
				if v, _ := p.Decide(nr, args); v.Denied() {
					want = ask
				}
				if got := m.call(nr, args[:]...); got != want {
					t.Fatalf("%s: %d %s(%#x) = %v, want %v", name, nr, Name(nr), args, got, want)
				}
			}
		}
	}
}

// What a benign program tries must not be a denial, or nobody could act on the first one.
func TestQuiet(t *testing.T) {
	p, _ := load(t, "php")
	for _, c := range []struct {
		call string
		args [6]uint64
		want Verdict
	}{
		{"clone3", [6]uint64{}, Errno(unix.ENOSYS)},
		{"socket", [6]uint64{unix.AF_NETLINK, unix.SOCK_RAW, 0}, Errno(unix.EAFNOSUPPORT)},
		{"sendfile", [6]uint64{}, Errno(unix.ENOSYS)},
		{"get_mempolicy", [6]uint64{}, Errno(unix.EPERM)},
		{"mlock", [6]uint64{}, Errno(unix.EPERM)},
		{"prctl", [6]uint64{unix.PR_CAPBSET_READ}, Errno(unix.EPERM)},
		{"prctl", [6]uint64{unix.PR_SET_DUMPABLE}, Deny(unix.EPERM)},
		{"kill", [6]uint64{1, 9}, Deny(unix.EPERM)},
		{"socket", [6]uint64{unix.AF_INET, unix.SOCK_RAW, 1}, Deny(unix.EPERM)},
		{"clone", [6]uint64{uint64(unix.SIGCHLD)}, Deny(unix.EPERM)},
	} {
		nr, _ := Number(c.call)
		if got, _ := p.Decide(nr, c.args); got != c.want {
			t.Errorf("%s(%#x) = %v, want %v", c.call, c.args, got, c.want)
		}
	}
	if got, _ := p.Decide(Newest()+1, [6]uint64{}); got != Errno(unix.ENOSYS) {
		t.Errorf("a call newer than the table = %v, want ENOSYS and quiet", got)
	}
}
