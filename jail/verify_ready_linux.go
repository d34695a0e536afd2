package jail

import (
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// verifyReady looks at the process before exec, for what the program may change as soon as it runs: its descriptors, its working
// directory, what it does with signals.
func verifyReady(pid int, l *launch) error {
	if err := verifyFDs(pid, l); err != nil {
		return err
	}
	dir := "/proc/" + strconv.Itoa(pid)
	if err := verifyDir(dir, l.plan.Dir); err != nil {
		return err
	}
	st, err := readStatus(dir)
	if err != nil {
		return err
	}
	const none = "0000000000000000"
	return want(st, "", [2]string{"SigBlk", none}, [2]string{"SigIgn", none}, [2]string{"SigCgt", none})
}

// verifyDir compares the working directory with the one at path, which may lead through symlinks of the site, in the jail's root.
func verifyDir(dir, path string) error {
	root, err := unix.Open(dir+"/root", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("verify root: %w", err)
	}
	defer unix.Close(root)
	fd, err := unix.Openat2(root, path, &unix.OpenHow{Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS})
	if err != nil {
		return fmt.Errorf("verify working directory %s: %w", path, err)
	}
	defer unix.Close(fd)
	var want, got unix.Stat_t
	if err := unix.Fstat(fd, &want); err != nil {
		return fmt.Errorf("verify working directory %s: %w", path, err)
	}
	if err := unix.Stat(dir+"/cwd", &got); err != nil {
		return fmt.Errorf("verify working directory: %w", err)
	}
	if got.Dev != want.Dev || got.Ino != want.Ino {
		link, _ := os.Readlink(dir + "/cwd")
		return &VerifyError{"working directory", path, link}
	}
	return nil
}

// verifyFDs checks, before exec, that the process holds nothing but what its program may have and the two descriptors that close
// when it runs. Afterwards it would be too late: the program opens its own.
func verifyFDs(pid int, l *launch) error {
	n := 3 + len(l.extra) + 1 // 0, 1, 2, the extra ones, the report socket
	if l.exe != nil {
		n++
	}
	got, err := descriptors(pid)
	if err != nil {
		return fmt.Errorf("verify descriptors: %w", err)
	}
	for i, fd := range got {
		if fd != i {
			return &VerifyError{"descriptors", fmt.Sprintf("0 to %d", n-1), fmt.Sprint(got)}
		}
	}
	if len(got) != n {
		return &VerifyError{"descriptors", fmt.Sprintf("0 to %d", n-1), fmt.Sprint(got)}
	}
	return nil
}
