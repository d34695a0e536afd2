package seccomp

import (
	"testing"

	"golang.org/x/sys/unix"
)

// UnixOnly takes the IP families away and leaves every other call as it was, as read and in the kernel.
func TestUnixOnly(t *testing.T) {
	for _, name := range []string{"php", "php-exec", "generic"} {
		p, _ := load(t, name)
		q := p.UnixOnly()
		socket, _ := Number("socket")
		raw, err := q.Compile()
		if err != nil {
			t.Fatal(err)
		}
		var calls []made
		for _, family := range []uintptr{unix.AF_UNIX, unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK} {
			for _, kind := range []uintptr{unix.SOCK_STREAM, unix.SOCK_DGRAM | unix.SOCK_CLOEXEC, unix.SOCK_RAW} {
				calls = append(calls, made{nr: uintptr(socket), args: [6]uintptr{family, kind}})
			}
		}
		for i, got := range inKernel(t, raw, calls) {
			args := [6]uint64{uint64(calls[i].args[0]), uint64(calls[i].args[1])}
			want, _ := p.Decide(socket, args)
			if args[0] == unix.AF_INET || args[0] == unix.AF_INET6 {
				want = Errno(unix.EAFNOSUPPORT)
				if args[1] == unix.SOCK_RAW {
					want = Errno(unix.EPERM)
				}
			}
			if got != want.Quiet() {
				t.Errorf("%s: socket(%d, %d) = %v, want %v", name, args[0], args[1], got, want)
			}
		}
		for nr := range Newest() + 1 {
			a, _ := p.Decide(nr, [6]uint64{})
			if b, _ := q.Decide(nr, [6]uint64{}); a != b {
				t.Errorf("%s: call %d = %v, want %v as without", name, nr, b, a)
			}
		}
	}
}
