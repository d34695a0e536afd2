package jail

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// descriptors lists what a process has open, in order. The directory of a process that nobody may attach to is root's, and an ordinary
// user's master has only its capability over the process: it asks for each descriptor there could be (pidfd_getfd(2)).
func descriptors(pid int) ([]int, error) {
	dir := "/proc/" + strconv.Itoa(pid)
	names, err := os.ReadDir(dir + "/fd")
	if errors.Is(err, os.ErrPermission) {
		return tryDescriptors(pid, dir)
	}
	if err != nil {
		return nil, err
	}
	var all []int
	for _, e := range names {
		fd, err := strconv.Atoi(e.Name())
		if err != nil {
			return nil, fmt.Errorf("%s/fd: %w", dir, err)
		}
		all = append(all, fd)
	}
	slices.Sort(all)
	return all, nil
}

func tryDescriptors(pid int, dir string) ([]int, error) {
	pidfd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil, fmt.Errorf("pidfd_open: %w", err)
	}
	defer unix.Close(pidfd)
	st, err := readStatus(dir)
	if err != nil {
		return nil, err
	}
	size, err := strconv.Atoi(st["FDSize"]) // of its table: none is higher
	if err != nil {
		return nil, fmt.Errorf("%s/status FDSize: %w", dir, err)
	}
	var all []int
	for i := range size {
		fd, err := unix.PidfdGetfd(pidfd, i, 0)
		switch err {
		case nil:
			unix.Close(fd)
			all = append(all, i)
		case unix.EBADF:
		default:
			return nil, fmt.Errorf("pidfd_getfd %d: %w", i, err)
		}
	}
	return all, nil
}
