package config

import (
	"strings"
	"testing"
)

// TestGuard holds that what could overflow the parser's stack never reaches it. 16 KiB of it do no harm, but do not pass either.
func TestGuard(t *testing.T) {
	const size = 16 << 10
	fill := func(head, piece, tail string) string {
		return head + strings.Repeat(piece, (size-len(head)-len(tail))/len(piece)) + tail
	}
	for _, c := range []struct{ name, src, want string }{
		{"lists", fill("a = ", "[", ""), "Nested too deeply"},
		{"lists that close too often first", fill("a = "+strings.Repeat("]", 1000), "[", ""), "Nested too deeply"},
		{"maps", fill("a = ", "{a=", ""), "Nested too deeply"},
		{"blocks", fill("", "a {\n", ""), "Nested too deeply"},
		{"parentheses", fill("a = ", "(", ""), "Not a plain value"},
		{"templates", fill("a = ", `"${`, ""), "Not a plain value"},
		{"directives", fill(`a = "`, "%{if x}", `"`), "Not a plain value"},
		{"heredoc templates", fill("a = <<E\n${", `"${`, "\nE\n"), "Not a plain value"},
		{"not", fill("a = ", "!", "true"), "Not a plain value"},
		{"minus", fill("a = ", "-", "1"), "Not a plain value"},
		{"minus with space", fill("a = ", "- ", "1"), "Not a plain value"},
		{"sums", fill("a = 1", "+1", ""), "Not a plain value"},
		{"differences of negatives", fill("a = 1", "- -1", ""), "Not a plain value"},
		{"conditions", fill("a = ", "a?", ""), "Not a plain value"},
		{"splats", fill("a = a", "[*]", ""), "Not a plain value"},
		{"attribute splats", fill("a = a", ".*", ""), "Not a plain value"},
		{"calls", fill("a = ", "f(", ""), "Not a plain value"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diags := guard([]byte(c.src), "jpm.hcl"); !diags.HasErrors() || diags[0].Summary != c.want {
				t.Errorf("guard = %v, want %q", diags, c.want)
			}
			if _, err := load("jpm.hcl", memory{"jpm.hcl": c.src}, somePeople{}); err == nil {
				t.Error("load passed")
			}
		})
	}
}

// TestGuardLeavesRoom holds that the deepest nesting that passes is parsed, and that what is flat may be long.
func TestGuardLeavesRoom(t *testing.T) {
	for _, c := range []struct{ name, src string }{
		{"deepest", "a = " + strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth)},
		{"wide", "a = [" + strings.Repeat(`"/srv", `, 5000) + "]"},
		{"indices", "a = a" + strings.Repeat("[0]", 10000)},
		{"names", "a = a" + strings.Repeat(".b", 10000)},
		{"subtractions", "a = 1" + strings.Repeat(" - 1", 10000)},
		{"escaped templates", `a = "$${x} %%{if}"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diags := guard([]byte(c.src), "jpm.hcl"); diags.HasErrors() {
				t.Fatalf("guard = %v, want nothing", diags)
			}
			_, err := load("jpm.hcl", memory{"jpm.hcl": c.src}, somePeople{})
			if err == nil || !strings.Contains(err.Error(), "Unknown setting") {
				t.Errorf("load = %v, want a complaint about the name", err)
			}
		})
	}
}
