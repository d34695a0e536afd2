package config

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// memory is a disk of a few files, by path.
type memory map[string]string

func (m memory) read(path string) ([]byte, error) {
	src, ok := m[path]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	return []byte(src), nil
}

func (m memory) readTrusted(path string) ([]byte, error) { return m.read(path) }

func (m memory) glob(pattern string) ([]string, error) {
	var found []string
	for path := range maps.Keys(m) {
		ok, err := filepath.Match(pattern, path)
		if err != nil {
			return nil, err
		}
		if ok {
			found = append(found, path)
		}
	}
	// Not in order: it is the caller's to sort.
	slices.Sort(found)
	slices.Reverse(found)
	return found, nil
}

func TestDiskReadsRegularFilesUpToTheCap(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, size int) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(strings.Repeat("#", size)), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	fits, over := write("fits.hcl", maxFile), write("over.hcl", maxFile+1)
	fifo := filepath.Join(dir, "fifo.hcl")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}

	if src, err := (disk{}).read(fits); err != nil || len(src) != maxFile {
		t.Errorf("read(%d bytes) = %d bytes, %v, want all of them", maxFile, len(src), err)
	}
	for path, want := range map[string]string{
		over:                            "larger than 256 KiB",
		fifo:                            "not a regular file",
		dir:                             "not a regular file",
		filepath.Join(dir, "none.hcl"):  "no such file",
		filepath.Join(fits, "deep.hcl"): "not a directory",
	} {
		if _, err := (disk{}).read(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("read(%s) = %v, want an error with %q", path, err, want)
		}
	}
	if paths, err := (disk{}).glob(filepath.Join(dir, "f*.hcl")); err != nil || len(paths) != 2 {
		t.Errorf("glob(f*.hcl) = %v, %v, want fifo.hcl and fits.hcl", paths, err)
	}
}
