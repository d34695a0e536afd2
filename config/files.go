package config

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// What a configuration may hold at most. A pool block takes about 1 KiB.
const (
	maxFile  = 256 << 10 // bytes of one file
	maxTotal = 16 << 20  // bytes of all files
	maxFiles = 4096      // included files
)

// files is where a configuration is read from: the disk, and memory in tests.
type files interface {
	// read returns a file's content, or an error when that is more than maxFile bytes.
	read(path string) ([]byte, error)
	// readTrusted is read for a file that must be root's, or the caller's, and that nobody else may write.
	readTrusted(path string) ([]byte, error)
	// glob returns the paths that match pattern, as filepath.Glob does.
	glob(pattern string) ([]string, error)
}

type disk struct{}

func (disk) read(path string) ([]byte, error) {
	return readFile(path, func(os.FileInfo) error { return nil })
}

func (disk) readTrusted(path string) ([]byte, error) {
	return readFile(path, func(info os.FileInfo) error {
		if owner := info.Sys().(*syscall.Stat_t).Uid; owner != RootUID() && int(owner) != os.Geteuid() {
			return fmt.Errorf("read %s: it belongs to user %d and not to root", path, owner)
		}
		if info.Mode().Perm()&0o022 != 0 {
			return fmt.Errorf("read %s: others than its owner may write it: chmod go-w %s", path, path)
		}
		return nil
	})
}

func readFile(path string, accept func(os.FileInfo) error) ([]byte, error) {
	// O_NONBLOCK: opening a fifo must not wait for a writer.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("read %s: not a regular file", path)
	}
	if err := accept(info); err != nil {
		return nil, err
	}
	src, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(src) > maxFile {
		return nil, fmt.Errorf("read %s: larger than %d KiB", path, maxFile>>10)
	}
	return src, nil
}

func (disk) glob(pattern string) ([]string, error) { return filepath.Glob(pattern) }
