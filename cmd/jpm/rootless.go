package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"jpm/jail"
)

// enterNamespace is the first thing of a command that makes jails. For an ordinary user it runs the command in a user namespace, and the
// error it then returns carries how that ended.
func enterNamespace() error {
	if os.Geteuid() == 0 || jail.Entered() {
		return nil
	}
	code, err := jail.Enter()
	if err != nil {
		return err
	}
	return exitError(code)
}

// defaultRunDir is where run-time files go: /run/jpm for root, and for an ordinary user what is the same of the user's own
// (XDG_RUNTIME_DIR, pam_systemd(8)), or a directory in the one for temporary files.
func defaultRunDir() string {
	if os.Geteuid() == 0 {
		return "/run/jpm"
	}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "jpm")
	}
	if dir := fmt.Sprintf("/run/user/%d", os.Geteuid()); isDir(dir) {
		return filepath.Join(dir, "jpm")
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("jpm-%d", os.Geteuid()))
}

// makeRunDir makes an ordinary user's run directory, where others could have made one of the name.
func makeRunDir(dir string) error {
	if os.Geteuid() == 0 {
		return nil // the spawner makes it
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("run directory: %w", err)
	}
	var st unix.Stat_t
	if err := unix.Lstat(dir, &st); err != nil {
		return fmt.Errorf("run directory %s: %w", dir, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR || int(st.Uid) != os.Geteuid() || st.Mode&0o022 != 0 {
		return fmt.Errorf("run directory %s: must be a directory of uid %d that nobody else can write to", dir, os.Geteuid())
	}
	return nil
}

func isDir(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && fi.IsDir()
}
