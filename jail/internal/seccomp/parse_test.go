package seccomp

import (
	"fmt"
	"strings"
	"testing"
)

func parseText(text string) (*Profile, error) {
	return Parse("test", func(name string) (string, error) {
		switch name {
		case "test":
			return text, nil
		case "other":
			return "[kill]\nptrace read\n", nil
		case "self":
			return "include self\n", nil
		}
		return "", fmt.Errorf("no profile %q", name)
	})
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"[allow]\nread\n", "no default"},
		{"default EPERM\n[allow]\nred\n", `test:3: no system call "red"`},
		{"default EWHAT\n", `unknown verdict "errno EWHAT"`},
		{"default EPERM\n[deny]\n", `test:2: unknown verdict "deny"`},
		{"default EPERM\n[allow\n", "does not end"},
		{"default EPERM\nread\n", "stands under no verdict"},
		{"default EPERM\n[allow]\nread\n[kill]\nread\n", "already decided at test:3"},
		{"default EPERM\n[allow]\nioctl\nioctl arg1 in TCGETS\n", "never reached"},
		{"default EPERM\n[allow]\nioctl arg7 in TCGETS\n", "is not"},
		{"default EPERM\n[allow]\nioctl arg1 == TCGETS\n", "is not"},
		{"default EPERM\n[allow]\nioctl arg1 in TCGOTS\n", `unknown constant "TCGOTS"`},
		{"default EPERM\n[allow]\nsocket arg1 & 0xf in 0x10\n", "never matches"},
		{"default EPERM\ninclude nothing\n", `no profile "nothing"`},
		{"default EPERM\ninclude self\n", "too deep"},
	} {
		_, err := parseText(c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Parse(%q) = %v, want %q", c.text, err, c.want)
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
		if got := p.decide(nr, [6]uint64{}); got != want {
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
