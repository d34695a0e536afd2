package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
)

func site(name string, uid int) string {
	return fmt.Sprintf("pool %q {\n  listen \"unix:/run/jpm/%s.sock\" {}\n  user = \"%d\"\n  command = [\"/usr/bin/answer\"]\n}\n", name, name, uid)
}

// TestInclude holds the order of pools: the main file's, then the patterns' in turn, each in sorted order, no file twice.
func TestInclude(t *testing.T) {
	files := memory{
		"/etc/jpm/jpm.hcl":          `include = ["pools.d/*.hcl", "/srv/conf/*.hcl", "pools.d/20-b.hcl", "none/*.hcl", "*.hcl"]` + "\n" + site("main", 2000),
		"/etc/jpm/pools.d/20-b.hcl": site("b", 2002),
		"/etc/jpm/pools.d/10-a.hcl": site("a", 2001) + site("a2", 2003),
		"/etc/jpm/pools.d/30-c.txt": "not read",
		"/srv/conf/d.hcl":           site("d", 2004),
		"/etc/jpm/more.hcl":         "",
	}
	cfg, err := load("/etc/jpm/./jpm.hcl", files, somePeople{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range cfg.Pools {
		names = append(names, p.Name)
	}
	if got, want := strings.Join(names, " "), "main a a2 b d"; got != want {
		t.Errorf("pools = %s, want %s", got, want)
	}
}

func TestIncludeErrors(t *testing.T) {
	many := memory{"jpm.hcl": `include = ["many/*"]`}
	for i := range maxFiles + 1 {
		many[fmt.Sprintf("many/%d", i)] = ""
	}
	for _, c := range []struct {
		name  string
		files memory
		want  []string
	}{
		{"main file missing", memory{}, []string{"Error: Cannot read the configuration\n\nopen jpm.hcl: file does not exist."}},
		{"too many files", many, []string{"on jpm.hcl line 1", "The patterns match more than 4096 files."}},
		{"error in an included file", memory{
			"jpm.hcl": `include = ["a.hcl"]`,
			"a.hcl":   strings.Replace(site("a", 2000), "user", "usr", 1),
		}, []string{"on a.hcl line 3, in pool \"a\"", "Did you mean user?"}},
		{"same pool in two files", memory{
			"jpm.hcl": `include = ["*.hcl"]`,
			"a.hcl":   site("a", 2000),
			"b.hcl":   site("a", 2001),
		}, []string{`There is a pool "a" already, at a.hcl:1.`, "on b.hcl line 1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := load("jpm.hcl", c.files, somePeople{})
			if err == nil {
				t.Fatal("load passed")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("load = %v\nwant %q in it", err, want)
				}
			}
		})
	}
}

func TestTotalSize(t *testing.T) {
	const src = "log {\n}\n"
	for _, c := range []struct {
		before int
		want   bool
	}{{maxTotal - len(src), true}, {maxTotal - len(src) + 1, false}} {
		l := loader{files: memory{"jpm.hcl": src}, parsed: map[string]*hcl.File{}, total: c.before}
		if body := l.parse("jpm.hcl", nil); (body != nil) != c.want {
			t.Errorf("parse of %d bytes after %d = %v, %v", len(src), c.before, body, l.diags)
		}
	}
}
