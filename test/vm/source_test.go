package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestCopySource(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "copy")
	for _, dir := range []string{".git/objects", "bin", "test/bin", "empty"} {
		if err := os.MkdirAll(filepath.Join(from, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, mode := range map[string]os.FileMode{".git/HEAD": 0o644, "bin/jpm": 0o755, "test/bin/run": 0o755, "go.mod": 0o644} {
		if err := os.WriteFile(filepath.Join(from, name), []byte(name), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("go.mod", filepath.Join(from, "link")); err != nil {
		t.Fatal(err)
	}
	if err := copySource(from, to); err != nil {
		t.Fatal(err)
	}
	var got []string
	if err := filepath.WalkDir(to, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(to, path)
		info, err := d.Info()
		got = append(got, rel+" "+info.Mode().String())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	want := []string{". drwxr-xr-x", "empty drwxr-xr-x", "go.mod -rw-r--r--", "link Lrwxrwxrwx", "test drwxr-xr-x", "test/bin drwxr-xr-x", "test/bin/run -rwxr-xr-x"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if b, err := os.ReadFile(filepath.Join(to, "test/bin/run")); err != nil || string(b) != "test/bin/run" {
		t.Errorf("the copy has %q, %v", b, err)
	}
}
