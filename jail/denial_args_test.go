package jail

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"jpm/jail/internal/seccomp"
)

func TestShowArgs(t *testing.T) {
	text := map[uint64]string{
		1: "/etc/passwd\x00junk", 2: "\x1b]0;title\x07\xff\"\x00", 3: strings.Repeat("a", maxText+50),
		10: "\x02\x00\x00\x50\x7f\x00\x00\x01", 11: "\x0a\x00\x1f\x90\x00\x00\x00\x00" + strings.Repeat("\x00", 15) + "\x01\x00\x00\x00\x00",
		12: "\x01\x00/run/x\x00rest", 13: "\x01\x00\x00ab\x00", 14: "\x28\x00abcdefgh", 15: "\x01",
	}
	mem := func(at uint64, n int) []byte {
		s, ok := text[at]
		if !ok {
			return nil
		}
		return []byte(s[:min(n, len(s))])
	}
	cwd := unix.AT_FDCWD
	for _, c := range []struct {
		call string
		args [6]uint64
		want string
	}{
		{"execve", [6]uint64{1}, `path="/etc/passwd"`},
		{"execve", [6]uint64{2}, `path="\x1b]0;title\a\xff\""`},
		{"execve", [6]uint64{3}, `path="` + strings.Repeat("a", maxText) + `"…`},
		{"execve", [6]uint64{4}, "path=?"},
		{"fchownat", [6]uint64{uint64(cwd), 1, 0, ^uint64(0)}, `dir=cwd path="/etc/passwd" uid=0 gid=-1`},
		{"fchownat", [6]uint64{uint64(uint32(cwd)), 1, 33, 33}, `dir=cwd path="/etc/passwd" uid=33 gid=33`},
		{"kill", [6]uint64{^uint64(0), 9}, "pid=-1 sig=SIGKILL"},
		{"kill", [6]uint64{0xdeadbeef00000001, 0}, "pid=1 sig=0"},
		{"fchmod", [6]uint64{3, 0o4755}, "fd=3 mode=04755"},
		{"clone", [6]uint64{uint64(unix.SIGCHLD)}, "flags=SIGCHLD"},
		{"clone", [6]uint64{unix.CLONE_NEWUSER | unix.CLONE_VM | 0x80}, "flags=CLONE_NEWUSER|CLONE_VM|0x80"},
		{"clone", [6]uint64{0}, "flags=0x0"},
		{"socket", [6]uint64{unix.AF_INET, unix.SOCK_RAW | unix.SOCK_CLOEXEC, 1}, "family=AF_INET type=SOCK_RAW protocol=1"},
		{"socket", [6]uint64{99, 77, 1}, "family=99 type=13 protocol=1"},
		{"connect", [6]uint64{4, 10, 8}, "fd=4 address=127.0.0.1:80"},
		{"connect", [6]uint64{4, 11, 28}, "fd=4 address=[::1]:8080"},
		{"connect", [6]uint64{4, 12, 110}, `fd=4 address="/run/x"`},
		{"connect", [6]uint64{4, 13, 5}, `fd=4 address=@"ab"`},
		{"connect", [6]uint64{4, 14, 1 << 40}, "fd=4 address=AF_VSOCK"},
		{"connect", [6]uint64{4, 15, 16}, "fd=4 address=?"},
		{"connect", [6]uint64{4, 10, 3}, "fd=4 address=AF_INET"},
		{"sendmsg", [6]uint64{4, 1, unix.MSG_OOB}, "fd=4 flags=0x1"},
		{"fork", [6]uint64{1, 2, 3}, ""},
		{"mseal", [6]uint64{1, 2, 3}, "0x1 0x2 0x3"},
	} {
		if got := showArgs(c.call, c.args, mem); got != c.want {
			t.Errorf("showArgs(%s, %#x) = %s, want %s", c.call, c.args, got, c.want)
		}
	}
}

// A shape names a call that there is, on some architecture, and kinds that are known.
func TestShapes(t *testing.T) {
	elsewhere := "chown lchown chmod mkdir mknod creat open fork vfork" // amd64's older twins
	for call, shape := range shapes {
		if _, ok := seccomp.Number(call); !ok && !strings.Contains(" "+elsewhere+" ", " "+call+" ") && !strings.HasPrefix(call, "arch_") {
			t.Errorf("no call %s", call)
		}
		fields := strings.Fields(shape)
		if len(fields) > 6 {
			t.Errorf("%s has %d arguments", call, len(fields))
		}
		for _, f := range fields {
			_, kind, ok := strings.Cut(f, ":")
			if ok && !strings.Contains(" text fd octal hex int signal clone family socktype sockaddr ", " "+kind+" ") {
				t.Errorf("%s: kind %q", call, kind)
			}
		}
	}
}

// The answer is the profile's; the exec after the first, which the profile itself would allow, is EPERM.
func TestAnswer(t *testing.T) {
	p, err := seccomp.Parse("x", func(name string) (string, error) {
		if name == "tripwires" {
			return "[kill]\nptrace\n", nil
		}
		return "default ENOSYS\n[allow]\nexecve\n[deny EACCES]\nkill arg0 in 1\n[deny EPERM]\nkill\n", nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		call string
		arg  uint64
		want unix.Errno
	}{{"kill", 1, unix.EACCES}, {"kill", 2, unix.EPERM}, {"chdir", 0, unix.ENOSYS}, {"execve", 0, unix.EPERM}} {
		nr, _ := seccomp.Number(c.call)
		if got := answer(p, nr, [6]uint64{c.arg}); got != c.want {
			t.Errorf("answer(%s %d) = %v, want %v", c.call, c.arg, got, c.want)
		}
	}
}
