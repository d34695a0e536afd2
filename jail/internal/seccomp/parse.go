package seccomp

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Profile is a parsed profile for this architecture.
type Profile struct {
	Name     string
	Default  Verdict
	Sections []Section
}

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

// Errno is the verdict that makes a call fail with e.
func Errno(e unix.Errno) Verdict { return unix.SECCOMP_RET_ERRNO | Verdict(e) }

func (v Verdict) String() string {
	switch {
	case v == Allow:
		return "allow"
	case v == Kill:
		return "kill"
	case v&unix.SECCOMP_RET_ACTION_FULL == unix.SECCOMP_RET_ERRNO:
		return unix.ErrnoName(unix.Errno(v & unix.SECCOMP_RET_DATA))
	default:
		return fmt.Sprintf("%#x", uint32(v))
	}
}

// Parse reads the profile name; source gives the text of a profile and of those it includes.
func Parse(name string, source func(name string) (string, error)) (*Profile, error) {
	p := &parser{profile: &Profile{Name: name}, source: source, whole: make(map[string]string)}
	if err := p.file(name, 0); err != nil {
		return nil, err
	}
	if p.profile.Default == 0 {
		return nil, fmt.Errorf("seccomp profile %s: no default", name)
	}
	return p.profile, nil
}

type parser struct {
	profile *Profile
	source  func(string) (string, error)
	whole   map[string]string // calls that have a line without conditions, and where
}

func (p *parser) file(name string, depth int) error {
	if depth > 4 {
		return fmt.Errorf("seccomp profile %s: includes too deep", name)
	}
	text, err := p.source(name)
	if err != nil {
		return fmt.Errorf("seccomp profile %s: %w", name, err)
	}
	var current *Section // nil: the section is for another architecture
	lenient, started := false, false
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		line = strings.TrimSpace(line)
		where := fmt.Sprintf("%s:%d", name, i+1)
		switch {
		case line == "":
		case strings.HasPrefix(line, "include "):
			started = false // a line after it needs a heading of its own
			if err := p.file(strings.TrimSpace(line[len("include "):]), depth+1); err != nil {
				return err
			}
		case strings.HasPrefix(line, "default "):
			v, err := verdict("errno " + line[len("default "):])
			if err != nil {
				return fmt.Errorf("seccomp profile %s: %w", where, err)
			}
			p.profile.Default = v
		case line[0] == '[':
			started = true
			var arch string
			v, err := Verdict(0), error(nil)
			if !strings.HasSuffix(line, "]") {
				err = fmt.Errorf("heading %q does not end", line)
			} else if v, arch, err = heading(line[1 : len(line)-1]); err == nil {
				lenient = arch != ""
				current = nil
				if arch == "" || arch == runtime.GOARCH {
					p.profile.Sections = append(p.profile.Sections, Section{Verdict: v})
					current = &p.profile.Sections[len(p.profile.Sections)-1]
				}
			}
			if err != nil {
				return fmt.Errorf("seccomp profile %s: %w", where, err)
			}
		case !started:
			return fmt.Errorf("seccomp profile %s: %q stands under no verdict", where, line)
		case current == nil && lenient:
		default:
			rules, err := p.line(line, where, depth > 0)
			if err != nil {
				return fmt.Errorf("seccomp profile %s: %w", where, err)
			}
			current.Rules = append(current.Rules, rules...)
		}
	}
	return nil
}

// heading reads "allow", "kill" or "errno NAME", and an architecture behind it.
func heading(s string) (Verdict, string, error) {
	arch := ""
	for _, a := range []string{"amd64", "arm64"} {
		if rest, ok := strings.CutSuffix(s, " "+a); ok {
			s, arch = rest, a
		}
	}
	v, err := verdict(strings.TrimSpace(s))
	return v, arch, err
}

func verdict(s string) (Verdict, error) {
	switch s {
	case "allow":
		return Allow, nil
	case "kill":
		return Kill, nil
	}
	name, ok := strings.CutPrefix(s, "errno ")
	if ok {
		for e := unix.Errno(1); e < 200; e++ {
			if unix.ErrnoName(e) == name {
				return Errno(e), nil
			}
		}
	}
	return 0, fmt.Errorf("unknown verdict %q", s)
}

// line reads a list of names, or a name and its conditions. In an included file a name that is decided already keeps its
// verdict; elsewhere that is a mistake.
func (p *parser) line(line, where string, included bool) ([]Rule, error) {
	fields := strings.Fields(line)
	if len(fields) > 1 && strings.HasPrefix(fields[1], "arg") {
		r, err := rule(fields[0])
		if err != nil {
			return nil, err
		}
		if at, dup := p.whole[r.Name]; dup {
			return nil, fmt.Errorf("%s is never reached here: %s decides it for all arguments", r.Name, at)
		}
		for _, c := range strings.Split(strings.TrimSpace(line[len(fields[0]):]), ",") {
			cond, err := condition(c)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", r.Name, err)
			}
			r.Conds = append(r.Conds, cond)
		}
		return []Rule{r}, nil
	}
	var rules []Rule
	for _, f := range fields {
		r, err := rule(f)
		if err != nil {
			return nil, err
		}
		if at, dup := p.whole[r.Name]; dup {
			if included {
				continue
			}
			return nil, fmt.Errorf("%s is already decided at %s", r.Name, at)
		}
		p.whole[r.Name] = where
		rules = append(rules, r)
	}
	return rules, nil
}

func rule(name string) (Rule, error) {
	nr, ok := numbers[name]
	if !ok {
		return Rule{}, fmt.Errorf("no system call %q on %s", name, runtime.GOARCH)
	}
	return Rule{Name: name, Number: nr}, nil
}

// condition reads "argN in V V", "argN & MASK in V V" or "argN null".
func condition(s string) (Cond, error) {
	f := strings.Fields(s)
	bad := fmt.Errorf("condition %q is not \"argN [& MASK] in VALUE...\" or \"argN null\"", s)
	if len(f) < 2 || len(f[0]) != 4 || f[0][:3] != "arg" || f[0][3] < '0' || f[0][3] > '5' {
		return Cond{}, bad
	}
	c := Cond{Arg: int(f[0][3] - '0'), Mask: 0xffffffff}
	if f[1] == "null" && len(f) == 2 {
		c.Null = true
		return c, nil
	}
	f = f[1:]
	if f[0] == "&" && len(f) > 2 {
		m, err := value(f[1])
		if err != nil {
			return Cond{}, err
		}
		c.Mask, f = m, f[2:]
	}
	if f[0] != "in" || len(f) < 2 {
		return Cond{}, bad
	}
	for _, w := range f[1:] {
		v, err := value(w)
		if err != nil {
			return Cond{}, err
		}
		if v&^c.Mask != 0 {
			return Cond{}, fmt.Errorf("%s has bits outside the mask: it never matches", w)
		}
		c.Values = append(c.Values, v)
	}
	return c, nil
}

// value reads numbers and names joined by "|".
func value(s string) (uint32, error) {
	var all uint32
	for _, w := range strings.Split(s, "|") {
		if v, ok := constants[w]; ok {
			all |= v
			continue
		}
		v, err := strconv.ParseUint(w, 0, 32)
		if err != nil {
			return 0, fmt.Errorf("unknown constant %q", w)
		}
		all |= uint32(v)
	}
	return all, nil
}
