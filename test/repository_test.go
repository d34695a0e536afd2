package test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// allowed says which of the module's packages each may import, itself aside. Tests may import more: only what is built into
// a program is looked at.
var allowed = map[string][]string{
	"jpm/config":     {"jpm/config/..."},
	"jpm/config/...": {"jpm/config/..."},
	"jpm/fcgi":       {},
	"jpm/jail/plan":  {},
	"jpm/pool":       {"jpm/config"},
	"jpm/jail":       {"jpm/config", "jpm/jail/..."},
	"jpm/jail/...":   {"jpm/config", "jpm/jail/..."},
	"jpm/status":     {"jpm/pool", "jpm/config"},
	"jpm/cmd/jpm":    {"jpm/..."},
	"jpm/cmd/jpm/internal/...": {
		"jpm/cmd/jpm/internal/...", "jpm/config", "jpm/fcgi", "jpm/jail", "jpm/pool", "jpm/status",
	},
	"jpm/cmd/jpm-init": {"jpm/jail/plan"},
	"jpm/test/...":     {"jpm/..."},
}

// matches reports whether a package is the pattern, or below it if the pattern ends in "/...".
func matches(pattern, pkg string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "..."); ok {
		return strings.HasPrefix(pkg+"/", prefix)
	}
	return pattern == pkg
}

// rule is the entry of allowed for a package: its own, or that of the longest pattern.
func rule(pkg string) (imports []string, ok bool) {
	best := -1
	for pattern, list := range allowed {
		if matches(pattern, pkg) && len(pattern) > best {
			imports, ok, best = list, true, len(pattern)
		}
	}
	return imports, ok
}

// TestImports keeps the one direction: what is below imports nothing from above.
func TestImports(t *testing.T) {
	for dir, files := range packages(t) {
		pkg := path.Join("jpm", filepath.ToSlash(dir))
		may, ok := rule(pkg)
		if !ok {
			t.Errorf("%s: a package without a rule: decide what it may import", pkg)
			continue
		}
		for file, f := range files {
			for imported := range f.imports {
				ours := imported == "jpm" || strings.HasPrefix(imported, "jpm/")
				if ours && imported != pkg && !slices.ContainsFunc(may, func(p string) bool { return matches(p, imported) }) {
					t.Errorf("%s imports %s, which %s may not", file, imported, pkg)
				}
			}
		}
	}
}

// TestPackagesAreDocumented: each has a comment that says what it is for.
func TestPackagesAreDocumented(t *testing.T) {
	for dir, files := range packages(t) {
		documented := false
		for _, f := range files {
			documented = documented || f.documented
		}
		if !documented {
			t.Errorf("package in %s has no comment", dir)
		}
	}
}

// sourceFile is what the tests want of a file.
type sourceFile struct {
	imports    map[string]bool
	documented bool
}

// packages reads the module's source without its tests, by directory and file.
func packages(t *testing.T) map[string]map[string]sourceFile {
	t.Helper()
	found := map[string]map[string]sourceFile{}
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		switch base := filepath.Base(name); {
		case err != nil:
			return err
		case d.IsDir() && base != ".." && (strings.HasPrefix(base, ".") || base == "testdata" || base == "vendor"):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		s := sourceFile{imports: map[string]bool{}, documented: f.Doc != nil}
		for _, i := range f.Imports {
			s.imports[strings.Trim(i.Path.Value, `"`)] = true
		}
		dir, err := filepath.Rel("..", filepath.Dir(name))
		if err != nil {
			return err
		}
		if found[dir] == nil {
			found[dir] = map[string]sourceFile{}
		}
		found[dir][name] = s
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 5 {
		t.Fatalf("only %d packages found", len(found))
	}
	return found
}
