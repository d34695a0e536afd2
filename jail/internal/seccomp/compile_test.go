package seccomp

import (
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/abi/linux"
	"gvisor.dev/gvisor/pkg/bpf"
	gseccomp "gvisor.dev/gvisor/pkg/seccomp"

	"jpm/jail/profiles"
)

var update = flag.Bool("update", false, "write the golden files")

var names = []string{"php", "php-exec", "generic", "proxy", "init"}

// machine runs a compiled program in gVisor's interpreter.
type machine struct {
	t    testing.TB
	prog bpf.Program
}

func load(t testing.TB, name string) (*Profile, *machine) {
	t.Helper()
	p, err := Parse(name, profiles.Text)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := p.Compile()
	if err != nil {
		t.Fatal(err)
	}
	return p, interpret(t, raw)
}

func interpret(t testing.TB, raw []byte) *machine {
	t.Helper()
	var ins []bpf.Instruction
	for ; len(raw) > 0; raw = raw[8:] {
		ins = append(ins, bpf.Instruction{OpCode: binary.NativeEndian.Uint16(raw), JumpIfTrue: raw[2], JumpIfFalse: raw[3], K: binary.NativeEndian.Uint32(raw[4:])})
	}
	prog, err := bpf.Compile(ins, false)
	if err != nil {
		t.Fatal(err)
	}
	return &machine{t, prog}
}

func (m *machine) run(d linux.SeccompData) Verdict {
	m.t.Helper()
	buf := make([]byte, d.SizeBytes())
	v, err := bpf.Exec[bpf.NativeEndian](m.prog, gseccomp.DataAsBPFInput(&d, buf))
	if err != nil {
		m.t.Fatal(err)
	}
	return Verdict(v)
}

func (m *machine) call(nr uint32, args ...uint64) Verdict {
	d := linux.SeccompData{Nr: int32(nr), Arch: gseccomp.LINUX_AUDIT_ARCH}
	copy(d.Args[:], args)
	return m.run(d)
}

// Every number, with all arguments zero, against the profile as text and against the list that was reviewed.
func TestEveryNumber(t *testing.T) {
	for _, name := range names {
		p, m := load(t, name)
		var list strings.Builder
		for nr := uint32(0); nr <= 600; nr++ {
			got := m.call(nr)
			if want, _ := p.Decide(nr, [6]uint64{}); got != want.Quiet() {
				t.Errorf("%s: call %d (%s) = %v, want %v", name, nr, Name(nr), got, want)
			}
			if n := Name(nr); n != "" {
				fmt.Fprintf(&list, "%-24s %v\n", n, got)
			}
		}
		golden := filepath.Join("testdata", name+"_"+runtime.GOARCH+".golden")
		if *update {
			if err := os.WriteFile(golden, []byte(list.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if list.String() != string(want) {
			t.Errorf("%s: verdicts differ from %s; review, then run go test -update:\n%s", name, golden, list.String())
		}
	}
}

func TestForeign(t *testing.T) {
	for _, name := range names {
		_, m := load(t, name)
		for _, arch := range []uint32{unix.AUDIT_ARCH_I386, unix.AUDIT_ARCH_ARM, unix.AUDIT_ARCH_AARCH64 ^ unix.AUDIT_ARCH_X86_64 ^ gseccomp.LINUX_AUDIT_ARCH, 0} {
			for nr := int32(0); nr <= 600; nr++ {
				if got := m.run(linux.SeccompData{Nr: nr, Arch: arch}); got != Kill {
					t.Fatalf("%s: call %d of architecture %#x = %v, want kill", name, nr, arch, got)
				}
			}
		}
		if runtime.GOARCH == "amd64" {
			for nr := uint32(0); nr <= 600; nr++ {
				if got := m.call(nr | x32Bit); got != Kill {
					t.Fatalf("%s: x32 call %d = %v, want kill", name, nr, got)
				}
			}
		}
		for _, nr := range []uint32{Newest() + 1, 1000, 0x3fffffff} {
			if got := m.call(nr); got != Errno(unix.ENOSYS) {
				t.Errorf("%s: call %d, newer than the table, = %v, want ENOSYS", name, nr, got)
			}
		}
		// -1 is what a tracer writes to skip a call; its x32 bit is set.
		if got := m.call(0xffffffff); runtime.GOARCH == "amd64" && got != Kill {
			t.Errorf("%s: call -1 = %v, want kill", name, got)
		}
	}
}

const high = 0xdeadbeef00000000 // what a caller may leave in the upper half

const (
	eperm, nosys = Verdict(unix.SECCOMP_RET_ERRNO | unix.EPERM), Verdict(unix.SECCOMP_RET_ERRNO | unix.ENOSYS)
	thread       = uint64(unix.CLONE_VM | unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_SIGHAND | unix.CLONE_THREAD | unix.CLONE_SYSVSEM | unix.CLONE_SETTLS)
)

// argumentCases are calls whose verdict hangs on their arguments.
var argumentCases = []struct {
	profile, call string
	args          []uint64
	want          Verdict
}{
	{"php", "socket", []uint64{unix.AF_UNIX, unix.SOCK_STREAM | unix.SOCK_CLOEXEC, 0}, Allow},
	{"php", "socket", []uint64{unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_TCP}, Allow},
	{"php", "socket", []uint64{unix.AF_INET6, unix.SOCK_DGRAM | unix.SOCK_NONBLOCK, unix.IPPROTO_UDP}, Allow},
	{"php", "socket", []uint64{unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP}, eperm},
	{"php", "socket", []uint64{unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_ICMP}, eperm},
	{"php", "socket", []uint64{unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP}, eperm},
	{"php", "socket", []uint64{unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_SCTP}, eperm},
	{"php", "socket", []uint64{unix.AF_UNIX, unix.SOCK_SEQPACKET, 0}, eperm},
	{"php", "socket", []uint64{unix.AF_NETLINK, unix.SOCK_RAW, 0}, Errno(unix.EAFNOSUPPORT)},
	{"php", "socket", []uint64{unix.AF_ALG, unix.SOCK_SEQPACKET, 0}, Kill},
	{"php", "socket", []uint64{unix.AF_VSOCK, unix.SOCK_STREAM, 0}, Kill},
	{"php", "socket", []uint64{unix.AF_PACKET | high, unix.SOCK_RAW, 0}, Kill},
	{"php", "socket", []uint64{0, 0, 0}, Kill},

	{"php", "ioctl", []uint64{0, unix.TCGETS}, Allow},
	{"php", "ioctl", []uint64{0, unix.TIOCSTI}, eperm},
	{"php", "ioctl", []uint64{0, unix.TIOCSTI | high}, eperm}, // CVE-2019-10063: the kernel looks at the lower half
	{"php", "ioctl", []uint64{0, unix.TIOCLINUX}, eperm},
	{"php", "ioctl", []uint64{0, unix.FICLONE}, eperm},
	{"php", "ioctl", []uint64{0, unix.SIOCGIFCONF}, eperm},

	{"php", "prctl", []uint64{unix.PR_SET_VMA}, Allow},
	{"php", "prctl", []uint64{unix.PR_SET_DUMPABLE, 1}, eperm},
	{"php", "prctl", []uint64{unix.PR_SET_PDEATHSIG, 0}, eperm},
	{"php", "prctl", []uint64{unix.PR_SET_SECCOMP}, eperm},
	{"php", "prctl", []uint64{unix.PR_SET_PTRACER}, eperm},

	{"php", "clone", []uint64{thread}, Allow},
	{"php", "clone", []uint64{uint64(unix.SIGCHLD)}, eperm},
	{"php", "clone", []uint64{unix.CLONE_VM | unix.CLONE_VFORK | uint64(unix.SIGCHLD)}, eperm},
	{"php", "clone", []uint64{thread | unix.CLONE_NEWUSER}, eperm},
	{"php", "clone", []uint64{thread | unix.CLONE_NEWNET | high}, eperm},
	{"php", "clone", []uint64{thread &^ unix.CLONE_VM}, eperm},
	{"php", "clone3", nil, nosys},

	{"php", "openat", []uint64{0, 0, unix.O_RDONLY, 0o7777}, Allow}, // no file is made: the mode is not looked at
	{"php", "openat", []uint64{0, 0, unix.O_CREAT | unix.O_WRONLY, 0o666}, Allow},
	{"php", "openat", []uint64{0, 0, unix.O_CREAT | unix.O_WRONLY, 0o4755}, eperm},
	{"php", "openat", []uint64{0, 0, unix.O_TMPFILE | unix.O_RDWR, 0o600}, Allow},
	{"php", "openat", []uint64{0, 0, unix.O_TMPFILE | unix.O_RDWR, 0o2755}, eperm},
	{"php", "openat", []uint64{0, 0, unix.O_DIRECT | unix.O_RDWR, 0}, eperm},
	{"php", "openat", []uint64{0, 0, unix.O_DIRECT | unix.O_CREAT | unix.O_RDWR, 0o600}, eperm},
	{"php", "fchmod", []uint64{0, 0o755}, Allow},
	{"php", "fchmod", []uint64{0, 0o4755}, eperm},
	{"php", "fchmodat", []uint64{0, 0, 0o2755}, eperm},
	{"php", "mkdirat", []uint64{0, 0, 0o1777}, Allow},
	{"php", "mkdirat", []uint64{0, 0, 0o2777}, eperm},
	{"php", "fchmodat2", []uint64{0, 0, 0o755}, nosys},

	{"php", "prlimit64", []uint64{0, unix.RLIMIT_NOFILE, 0}, Allow},
	{"php", "prlimit64", []uint64{0, unix.RLIMIT_NOFILE, 0x7fff00000000}, eperm}, // only the upper half of the pointer is not zero
	{"php", "prlimit64", []uint64{0, unix.RLIMIT_NOFILE, 0x1000}, eperm},
	{"php", "prlimit64", []uint64{1, unix.RLIMIT_NOFILE, 0}, eperm},
	{"php", "personality", []uint64{0xffffffff}, Allow},
	{"php", "personality", []uint64{0x0040000}, Kill},

	{"php", "sendmsg", []uint64{0, 0, unix.MSG_NOSIGNAL}, Allow},
	{"php", "sendmsg", []uint64{0, 0, unix.MSG_OOB}, eperm},
	{"php", "recvfrom", []uint64{0, 0, 0, unix.MSG_OOB | unix.MSG_DONTWAIT}, eperm},
	{"php", "setsockopt", []uint64{0, unix.IPPROTO_TCP, unix.TCP_NODELAY}, Allow},
	{"php", "setsockopt", []uint64{0, unix.IPPROTO_TCP, unix.TCP_ULP}, eperm},
	{"php", "setsockopt", []uint64{0, unix.IPPROTO_UDP, unix.UDP_ENCAP}, eperm},
	{"php", "setsockopt", []uint64{0, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER}, eperm},
	{"php", "setsockopt", []uint64{0, unix.SOL_SOCKET, unix.SO_BINDTODEVICE}, eperm},
	{"php", "setsockopt", []uint64{0, unix.IPPROTO_IP, 64}, eperm}, // IPT_SO_SET_REPLACE

	{"php", "execveat", nil, Kill},
	{"php", "seccomp", nil, Kill},

	{"php-exec", "clone", []uint64{uint64(unix.SIGCHLD)}, Allow},
	{"php-exec", "clone", []uint64{unix.CLONE_VM | unix.CLONE_VFORK | uint64(unix.SIGCHLD)}, Allow},
	{"php-exec", "clone", []uint64{thread}, Allow},
	{"php-exec", "clone", []uint64{uint64(unix.SIGCHLD) | unix.CLONE_PARENT}, eperm},
	{"php-exec", "clone", []uint64{uint64(unix.SIGCHLD) | unix.CLONE_NEWUSER}, eperm},
	{"php-exec", "clone", []uint64{uint64(unix.SIGCHLD) | unix.CLONE_NEWPID | high}, eperm},
	{"php-exec", "clone", []uint64{thread | unix.CLONE_NEWNS}, eperm},
	{"php-exec", "execveat", nil, nosys},
	{"php-exec", "memfd_create", nil, eperm},
	{"php-exec", "ptrace", nil, Kill},
	{"php-exec", "socket", []uint64{unix.AF_ALG, unix.SOCK_SEQPACKET, 0}, Kill},
	{"generic", "clone", []uint64{uint64(unix.SIGCHLD)}, Allow},
	{"generic", "clone", []uint64{thread | unix.CLONE_NEWCGROUP}, eperm},
	{"generic", "clone3", nil, nosys},
	{"generic", "execveat", nil, Kill},
	{"generic", "unshare", []uint64{unix.CLONE_NEWUSER}, Kill},
	{"generic", "io_uring_enter", nil, Kill},
	{"generic", "vmsplice", nil, Kill},
	{"generic", "fchmodat", []uint64{0, 0, 0o4755}, eperm},
	{"generic", "personality", []uint64{0x0040000}, Kill},

	{"proxy", "socket", []uint64{unix.AF_INET, unix.SOCK_STREAM, 0}, eperm},
	{"proxy", "connect", nil, eperm},
	{"proxy", "execve", nil, Kill},
	{"proxy", "execveat", nil, Allow},
	{"proxy", "openat", nil, Errno(unix.ENOENT)},
	{"proxy", "splice", nil, Errno(unix.EINVAL)},
	{"init", "clone", []uint64{uint64(unix.SIGCHLD)}, eperm},
	{"init", "execve", nil, Kill},
}

func TestArguments(t *testing.T) {
	for _, c := range argumentCases {
		_, m := load(t, c.profile)
		nr, ok := Number(c.call)
		if !ok {
			t.Fatalf("no call %s", c.call)
		}
		if got := m.call(nr, c.args...); got != c.want {
			t.Errorf("%s: %s(%#x) = %v, want %v", c.profile, c.call, c.args, got, c.want)
		}
	}
}

// Random arguments, mostly built from the values that conditions name, must be decided as the text says.
func TestRandomArguments(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, name := range names {
		p, m := load(t, name)
		var conditional []Rule
		for _, s := range p.Sections {
			for _, rule := range s.Rules {
				if len(rule.Conds) > 0 {
					conditional = append(conditional, rule)
				}
			}
		}
		for range 20000 {
			rule := conditional[r.IntN(len(conditional))]
			var args [6]uint64
			for i := range args {
				args[i] = r.Uint64() >> r.IntN(64)
			}
			for _, c := range rule.Conds {
				if len(c.Values) > 0 && r.IntN(4) > 0 {
					args[c.Arg] = uint64(c.Values[r.IntN(len(c.Values))])
				}
				if r.IntN(8) == 0 {
					args[c.Arg] ^= 1 << r.IntN(64)
				}
				if c.Null && r.IntN(2) == 0 {
					args[c.Arg] = 0
				}
			}
			got := m.call(rule.Number, args[:]...)
			if want, _ := p.Decide(rule.Number, args); got != want.Quiet() {
				t.Fatalf("%s: %s(%#x) = %v, want %v", name, rule.Name, args, got, want)
			}
		}
	}
}
