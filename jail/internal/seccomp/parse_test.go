package seccomp

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func parseText(text string) (*Profile, error) {
	return Parse("test", func(name string) (string, error) {
		switch name {
		case "test":
			return text, nil
		case "other":
			return "[kill]\nptrace read\n", nil
		case "full":
			return "default EPERM\nexec once\n[allow]\nread\nwrite arg0 in 1\n", nil
		case "tripwires":
			return "[kill]\nptrace mount\n", nil
		case "self":
			return "include self\n", nil
		}
		return "", fmt.Errorf("no profile %q", name)
	})
}

func TestParseErrors(t *testing.T) {
	const ok = "default EPERM\n[allow]\n"
	for _, c := range []struct{ text, want string }{
		{"[allow]\nread\n", "test: no default"},
		{ok + "red\n", `test:3: no system call "red"`},
		{ok + "sched_setaffinty\n", `test:3: no system call "sched_setaffinty"; did you mean sched_setaffinity?`},
		{ok + "settlement\n", `test:3: no system call "settlement" on `},
		{ok + "blue\nptrace\n", "test:4: ptrace must not be allowed"},
		{"default EWHAT\n", `test:1: default is the name of an error`},
		{"default EPERM\ndefault EPERM\n", "test:2: the default is already decided at test:1"},
		{"default EPERM\nexec often\n", "test:2: exec is once or listed"},
		{"default EPERM\n[deny]\n", `test:2: unknown verdict "deny"`},
		{"default EPERM\n[allow\n", "test:2: heading \"[allow\" does not end"},
		{"default EPERM\nread\n", "test:2: \"read\" stands under no verdict"},
		{ok + "include other\nread\n", "test:4: \"read\" stands under no verdict"},
		{ok + "read\n[kill]\nread\n", "test:5: read is already decided at test:3"},
		{ok + "read write read\n", "test:3: read is already decided at test:3"},
		{ok + "read ptrace\n", "test:3: ptrace must not be allowed: it is in the kill class (tripwires:2)"},
		{ok + "mount arg0 in 5\n", "test:3: mount must not be allowed"},
		{ok + "ioctl\nioctl arg1 in TCGETS\n", "test:4: ioctl is never reached here: test:3 decides it for all arguments"},
		{ok + "ioctl arg1 in TCGETS FIONREAD\n[errno EPERM]\nioctl arg1 in TCGETS, arg0 in 3\n", "test:5: ioctl is never reached here: test:3 decides all"},
		{ok + "clone arg0 & 0xff in 0x11\nclone arg0 & 0xfff in 0x111\n", "test:4: clone is never reached here"},
		{ok + "socket arg0 in 0 1\nsocket arg0 null\n", "test:4: socket is never reached here"},
		{ok + "socket arg0 in 1, arg0 in 2\n", "test:3: socket never matches: arg0"},
		{ok + "socket arg0 & 3 in 1, arg0 & 6 in 2\n", "test:3: socket never matches: arg0"},
		{ok + "socket arg0 in 1, arg0 null\n", "test:3: socket never matches: arg0"},
		{ok + "ioctl arg7 in TCGETS\n", "test:3: ioctl: condition"},
		{ok + "ioctl arg1 == TCGETS\n", "is not"},
		{ok + "ioctl arg1 in TCGOTS\n", `test:3: ioctl: unknown constant "TCGOTS"`},
		{ok + "socket arg1 & 0xf in 0x10\n", "never matches"},
		{ok + "socket\n", "test:3: socket must not be allowed with all arguments"},
		{ok + "clone\n", "makes namespaces"},
		{ok + "clone arg0 & CLONE_VM in CLONE_VM\n", "makes namespaces"},
		{ok + "clone3\n", "behind a pointer"},
		{ok + "personality\n", "READ_IMPLIES_EXEC"},
		{ok + "ioctl\n", "TIOCSTI"},
		{"exec listed\n" + ok + "memfd_create\n", "a program in such a file"},
		{"default EPERM\ninclude nothing\n", `test:2: no profile "nothing"`},
		{"default EPERM\ninclude self\n", "includes too deep"},
	} {
		_, err := parseText(c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Parse(%q) = %v, want %q", c.text, err, c.want)
		}
	}
}

// One reading shows all that is wrong, up to a bound.
func TestAllProblems(t *testing.T) {
	_, err := parseText("default EPERM\n[allow]\nred blue read\n[kill]\nread\n" + strings.Repeat("green\n", 100))
	var e *Error
	if !errors.As(err, &e) || len(e.Problems) != maxProblems {
		t.Fatalf("%v", err)
	}
	for i, want := range []string{`test:3: no system call "red"`, `test:3: no system call "blue"`, "test:5: read is already", `test:6: no system call "green"`} {
		if !strings.HasPrefix(e.Problems[i], want) {
			t.Errorf("problem %d is %q, want %q", i, e.Problems[i], want)
		}
	}
}

// These look like mistakes that the linter knows, and are none.
func TestSound(t *testing.T) {
	for _, text := range []string{
		"ioctl arg1 in TCGETS\n[errno EPERM]\nioctl",               // the rest of a call
		"ioctl arg1 in TCGETS\nioctl arg1 in FIONREAD TCGETS",      // partly new
		"fcntl arg1 & 0xfff in 0x111\nfcntl arg1 & 0xff in 0x11",   // the wider one behind
		"socket arg0 in 1, arg1 in 1\nsocket arg0 in 1, arg1 in 2", // alternatives
		"fcntl arg1 & 3 in 1, arg1 & 6 in 0",                       // 1
		"prlimit64 arg2 null\nprlimit64 arg2 in 0, arg0 in 1",      // the upper half
		"memfd_create",                             // nothing can be executed
		"clone arg0 & CLONE_NEWANY in 0",           // processes and threads
		"[errno EPERM]\nptrace\nmount arg0 in 1",   // the kill class may be denied mildly
		"[allow arm64]\nopen\n[allow amd64]\nopen", // each has its own
	} {
		if _, err := parseText("default EPERM\n[allow]\n" + text + "\n"); err != nil {
			t.Errorf("Parse(%q) = %v", text, err)
		}
	}
}

func TestIncludeDoesNotOverride(t *testing.T) {
	p, err := parseText("default EPERM\n[allow]\nread\ninclude other\n")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]Verdict{"read": Allow, "ptrace": Kill} {
		nr, _ := Number(name)
		if got, _ := p.Decide(nr, [6]uint64{}); got != want {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
}

// Whatever parses also compiles, and nothing panics.
func FuzzParse(f *testing.F) {
	f.Add("default EPERM\n[allow]\nread\nioctl arg1 & 0xff in TCGETS 7, arg2 null\n[errno ENOSYS arm64]\nopen\n")
	f.Add("default EPERM\ninclude other\n[kill]\nsocket\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parseText(text)
		if err != nil {
			return
		}
		if _, err := p.Compile(); err != nil && !strings.Contains(err.Error(), "instructions") {
			t.Fatalf("parsed, but: %v", err)
		}
	})
}

// What stands before an include counts, also where the included file has more to say of a call, and of the default.
func TestOwnBeforeIncluded(t *testing.T) {
	p, err := parseText("default ENOSYS\nexec listed\n[errno EACCES]\nwrite\nread arg0 in 5\ninclude full\n")
	if err != nil {
		t.Fatal(err)
	}
	if p.Default != Deny(unix.ENOSYS) || p.Exec != ExecListed {
		t.Errorf("default %v, exec %v", p.Default, p.Exec)
	}
	read, _ := Number("read")
	write, _ := Number("write")
	for _, c := range []struct {
		nr   uint32
		arg  uint64
		want Verdict
	}{{write, 1, Errno(unix.EACCES)}, {read, 5, Errno(unix.EACCES)}, {read, 4, Allow}} {
		if got, _ := p.Decide(c.nr, [6]uint64{c.arg}); got != c.want {
			t.Errorf("%s(%d) = %v, want %v", Name(c.nr), c.arg, got, c.want)
		}
	}
}
