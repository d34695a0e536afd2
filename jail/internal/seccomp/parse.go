package seccomp

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/agext/levenshtein"
	"golang.org/x/sys/unix"
)

// maxProblems is how many problems an Error holds. More would not be read.
const maxProblems = 20

// Error says what is wrong with a profile, problem by problem, each with its file and line.
type Error struct {
	Profile  string
	Problems []string
}

func (e *Error) Error() string {
	return "seccomp profile " + e.Profile + ":\n  " + strings.Join(e.Problems, "\n  ")
}

// Parse reads the profile name and looks for rules that cannot be meant (see lint.go). Source gives the text of a profile and
// of those it includes. What is wrong with a text is an *Error.
func Parse(name string, source func(name string) (string, error)) (*Profile, error) {
	p := &parser{profile: &Profile{Name: name}, source: source, whole: make(map[string]string)}
	p.file(name, "", 0)
	if p.profile.Default == 0 && len(p.problems) == 0 {
		p.problem(name, "no default: say what a call gets that no line names, as in \"default EPERM\"")
	}
	if p.profile.Exec == "" {
		p.profile.Exec = ExecOnce
	}
	p.forbidden()
	if len(p.problems) > 0 {
		return nil, &Error{name, p.problems}
	}
	return p.profile, nil
}

type parser struct {
	profile  *Profile
	source   func(string) (string, error)
	whole    map[string]string // calls that have a line without conditions, and where
	problems []string

	defaultAt, execAt string // where these were decided
}

func (p *parser) problem(where, format string, args ...any) {
	if len(p.problems) < maxProblems {
		p.problems = append(p.problems, where+": "+fmt.Sprintf(format, args...))
	}
}

// section is where the reader of a file stands.
type section struct {
	to      *Section // nil: the heading is wrong or for another architecture, and the lines are passed over
	started bool     // there was a heading since the last include
}

// file reads one file; at is where it was asked for.
func (p *parser) file(name, at string, depth int) {
	if at == "" {
		at = name
	}
	if depth > 4 {
		p.problem(at, "includes too deep")
		return
	}
	text, err := p.source(name)
	if err != nil {
		p.problem(at, "%v", err)
		return
	}
	var current section
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		where := fmt.Sprintf("%s:%d", name, i+1)
		word, rest, _ := strings.Cut(strings.Join(strings.Fields(line), " "), " ")
		switch {
		case word == "":
		case word == "include":
			current = section{} // a line after it needs a heading of its own
			p.file(rest, where, depth+1)
		case word == "default":
			if v, err := verdict("deny " + rest); err != nil {
				p.problem(where, "default is the name of an error, as in \"default EPERM\", not %q", rest)
			} else if p.once(&p.defaultAt, "the default", where, depth) {
				p.profile.Default = v
			}
		case word == "exec":
			if e := Exec(rest); e != ExecOnce && e != ExecListed {
				p.problem(where, "exec is once or listed, not %q", rest)
			} else if p.once(&p.execAt, "exec", where, depth) {
				p.profile.Exec = e
			}
		case word[0] == '[':
			current = section{to: p.heading(word+" "+rest, where), started: true}
		case !current.started:
			p.problem(where, "%q stands under no verdict, as [allow] is one", strings.TrimSpace(line))
		case current.to != nil:
			current.to.Rules = append(current.to.Rules, p.line(word, rest, where, depth > 0)...)
		}
	}
}

// once says whether what stands at where decides something that must be decided once. What an included file says of it counts
// only if nothing before has.
func (p *parser) once(at *string, what, where string, depth int) bool {
	if *at == "" {
		*at = where
		return true
	}
	if depth == 0 {
		p.problem(where, "%s is already decided at %s", what, *at)
	}
	return false
}

// heading begins a section, or gives nil if it is for another architecture.
func (p *parser) heading(s, where string) *Section {
	s = strings.TrimSpace(s)
	if !strings.HasSuffix(s, "]") {
		p.problem(where, "heading %q does not end", s)
		return nil
	}
	s = strings.TrimSpace(s[1 : len(s)-1])
	arch := ""
	for _, a := range []string{"amd64", "arm64"} {
		if rest, ok := strings.CutSuffix(s, " "+a); ok {
			s, arch = strings.TrimSpace(rest), a
		}
	}
	v, err := verdict(s)
	if err != nil {
		p.problem(where, "%v", err)
		return nil
	}
	if arch != "" && arch != runtime.GOARCH {
		return nil
	}
	p.profile.Sections = append(p.profile.Sections, Section{Verdict: v})
	return &p.profile.Sections[len(p.profile.Sections)-1]
}

func verdict(s string) (Verdict, error) {
	switch s {
	case "allow":
		return Allow, nil
	case "kill":
		return Kill, nil
	}
	kind, name, _ := strings.Cut(s, " ")
	if of := map[string]func(unix.Errno) Verdict{"deny": Deny, "errno": Errno}[kind]; of != nil && name != "" {
		for e := unix.Errno(1); e < 200; e++ {
			if unix.ErrnoName(e) == name {
				return of(e), nil
			}
		}
	}
	return 0, fmt.Errorf("unknown verdict %q: there are allow, kill, deny NAME and errno NAME", s)
}

// line reads a list of names, or a name and its conditions. In an included file what is decided already keeps its
// verdict; elsewhere that is a mistake.
func (p *parser) line(name, rest, where string, included bool) []Rule {
	if strings.HasPrefix(rest, "arg") {
		r, ok := p.rule(name, where)
		if !ok {
			return nil
		}
		for _, c := range strings.Split(rest, ",") {
			cond, err := condition(c)
			if err != nil {
				p.problem(where, "%s: %v", name, err)
				return nil
			}
			r.Conds = append(r.Conds, cond)
		}
		if why := p.unreachable(&r); why != "" {
			if !included {
				p.problem(where, "%s", why)
			}
			return nil
		}
		return []Rule{r}
	}
	var rules []Rule
	for _, f := range strings.Fields(name + " " + rest) {
		r, ok := p.rule(f, where)
		if !ok {
			continue
		}
		if at, dup := p.whole[r.Name]; dup {
			if !included {
				p.problem(where, "%s is already decided at %s", r.Name, at)
			}
			continue
		}
		p.whole[r.Name] = where
		rules = append(rules, r)
	}
	return rules
}

func (p *parser) rule(name, where string) (Rule, bool) {
	nr, ok := numbers[name]
	if ok || len(p.problems) >= maxProblems {
		return Rule{Name: name, Number: nr, At: where}, ok
	}
	if like := similar(name); like != "" {
		p.problem(where, "no system call %q; did you mean %s?", name, like)
	} else {
		p.problem(where, "no system call %q on %s; what one architecture alone has stands under a heading of its own, as [allow amd64] is one", name, runtime.GOARCH)
	}
	return Rule{}, false
}

// similar is a system call whose name differs from name by a slip of the finger, "" if there is none.
func similar(name string) string {
	best, distance := "", min(3, len(name)/2)
	if len(name) > 64 {
		return ""
	}
	for known := range numbers {
		if d := levenshtein.Distance(name, known, nil); d < distance || d == distance && best != "" && known < best {
			best, distance = known, d
		}
	}
	return best
}
