package seccomp

import (
	"encoding/binary"
	"fmt"
	"maps"
	"runtime"
	"slices"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/bpf"
	gseccomp "gvisor.dev/gvisor/pkg/seccomp"
)

// Newest is the highest system call number in this architecture's table; above it a call is ENOSYS.
func Newest() uint32 { return newest }

var newest = slices.Max(slices.Collect(maps.Values(numbers)))

// Number is the number of the system call called name on this architecture.
func Number(name string) (uint32, bool) {
	n, ok := numbers[name]
	return n, ok
}

// Name is the name of a system call number, or "" for one that the table does not have.
func Name(nr uint32) string {
	for name, n := range numbers {
		if n == nr {
			return name
		}
	}
	return ""
}

// x32Bit marks the numbers of the x32 table, which has the same AUDIT_ARCH as amd64 and would otherwise be a second way to
// every call.
const x32Bit = 0x40000000

// Compile makes the profile's program: our prologue and behind it gVisor's search tree. The result is an array of
// struct sock_filter in native byte order, at most 4096 long. A denied call fails without anybody hearing of it.
func (p *Profile) Compile() ([]byte, error) {
	return p.compile(func(v Verdict) gseccomp.Action { return v.Quiet().action() })
}

// CompileListener makes the same program, but a denied call waits for the answer of the filter's listener (seccomp_unotify(2),
// Linux 5.0), who learns the errno from Decide.
func (p *Profile) CompileListener() ([]byte, error) {
	return p.compile(func(v Verdict) gseccomp.Action {
		if v.Denied() {
			return gseccomp.UserNotify
		}
		return v.action()
	})
}

func (p *Profile) compile(action func(Verdict) gseccomp.Action) ([]byte, error) {
	prog := gseccomp.Program{
		Options: gseccomp.ProgramOptions{
			DefaultAction: action(p.Default),
			BadArchAction: gseccomp.KillProcess,
		},
	}
	for _, s := range p.Sections {
		rules := gseccomp.NewSyscallRules()
		for _, r := range s.Rules {
			rules.Add(uintptr(r.Number), r.matcher())
		}
		prog.RuleSets = append(prog.RuleSets, gseccomp.RuleSet{Rules: rules, Action: action(s.Verdict)})
	}
	body, _, err := prog.Build()
	if err != nil {
		return nil, fmt.Errorf("seccomp profile %s: %w", p.Name, err)
	}
	whole := append(prologue(), body...)
	if len(whole) > bpf.MaxInstructions {
		return nil, fmt.Errorf("seccomp profile %s: %d instructions, the kernel takes %d", p.Name, len(whole), bpf.MaxInstructions)
	}
	return encode(whole), nil
}

// prologue decides what no profile may: the architecture, x32, and numbers newer than the table. Jumps are relative, so
// gVisor's program, which loads what it needs itself, can follow.
func prologue() []bpf.Instruction {
	const ld, jeq, jset, jgt, ret = bpf.Ld | bpf.Abs | bpf.W, bpf.Jmp | bpf.Jeq | bpf.K, bpf.Jmp | bpf.Jset | bpf.K, bpf.Jmp | bpf.Jgt | bpf.K, bpf.Ret | bpf.K
	p := []bpf.Instruction{
		bpf.Stmt(ld, 4), // seccomp_data.arch
		bpf.Jump(jeq, gseccomp.LINUX_AUDIT_ARCH, 1, 0),
		bpf.Stmt(ret, uint32(Kill)),
		bpf.Stmt(ld, 0), // seccomp_data.nr
	}
	if runtime.GOARCH == "amd64" {
		p = append(p, bpf.Jump(jset, x32Bit, 0, 1), bpf.Stmt(ret, uint32(Kill)))
	}
	return append(p, bpf.Jump(jgt, Newest(), 0, 1), bpf.Stmt(ret, uint32(Errno(unix.ENOSYS))))
}

func (v Verdict) action() gseccomp.Action {
	switch v {
	case Allow:
		return gseccomp.Allow
	case Kill:
		return gseccomp.KillProcess
	default:
		return gseccomp.ReturnError.Code(uint16(v & unix.SECCOMP_RET_DATA))
	}
}

func (r Rule) matcher() gseccomp.SyscallRule {
	if len(r.Conds) == 0 {
		return gseccomp.MatchAll{}
	}
	var all gseccomp.And
	for _, c := range r.Conds {
		var any gseccomp.Or
		if c.Null {
			any = append(any, perArg(c.Arg, gseccomp.EqualTo(0)))
		}
		for _, v := range c.Values {
			any = append(any, perArg(c.Arg, gseccomp.MaskedEqual(uintptr(c.Mask), uintptr(v))))
		}
		all = append(all, any)
	}
	return all
}

func perArg(i int, m gseccomp.ValueMatcher) gseccomp.PerArg {
	var p gseccomp.PerArg
	for j := range p {
		p[j] = gseccomp.AnyValue{}
	}
	p[i] = m
	return p
}

func encode(prog []bpf.Instruction) []byte {
	b := make([]byte, 0, 8*len(prog))
	for _, i := range prog {
		b = binary.NativeEndian.AppendUint16(b, i.OpCode)
		b = append(b, i.JumpIfTrue, i.JumpIfFalse)
		b = binary.NativeEndian.AppendUint32(b, i.K)
	}
	return b
}
