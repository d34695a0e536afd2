package jail

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// OpenProgram opens one of jpm's own programs for the jails. Where a worker has jpm's uid, which is so for every user but root, it is a
// sealed copy in memory: such a worker could write to the file, if it ever found a way to it (CVE-2019-5736). The file is the caller's to
// close.
//
// A program that names a loader is refused: a jail that has no files has none.
func OpenProgram(path string) (*os.File, error) {
	if err := static(path); err != nil {
		return nil, err
	}
	if os.Geteuid() == 0 {
		return os.OpenFile(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	const flags = unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	fd, err := unix.MemfdCreate("jpm", flags|unix.MFD_EXEC)
	if err == unix.EINVAL { // before Linux 6.3 every such file can be executed
		fd, err = unix.MemfdCreate("jpm", flags)
	}
	if err != nil {
		return nil, fmt.Errorf("copy %s: %w", path, err)
	}
	m := os.NewFile(uintptr(fd), path)
	defer m.Close()
	if _, err := io.Copy(m, f); err != nil {
		return nil, fmt.Errorf("copy %s: %w", path, err)
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SEAL|unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_WRITE); err != nil {
		return nil, fmt.Errorf("seal %s: %w", path, err)
	}
	// What is open for writing cannot be executed.
	return os.Open("/proc/self/fd/" + strconv.Itoa(fd))
}

// static says which loader a program needs.
func static(path string) error {
	f, err := elf.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type != elf.PT_INTERP {
			continue
		}
		loader, err := io.ReadAll(io.LimitReader(p.Open(), 4096))
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		if real, err := filepath.EvalSymlinks(path); err == nil {
			path = real // not /proc/self/exe
		}
		return fmt.Errorf("%s cannot start in a jail: it needs the loader %s, which is not in there; build it with CGO_ENABLED=0 and without -buildmode=pie",
			path, bytes.TrimRight(loader, "\x00"))
	}
	return nil
}
