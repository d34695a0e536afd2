package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"
)

func init() {
	maps.Copy(probes, map[string]func() error{
		"hard-link": func() error {
			to := env("WRITE") + "/hard"
			os.Remove(to)
			defer os.Remove(to)
			return os.Link(env("OPEN"), to)
		},
		"self-root": func() error { return peek("/proc/self/root" + env("NEIGHBOUR")) },
		"self-cwd":  func() error { return peek("/proc/self/cwd/../../../../../.." + env("NEIGHBOUR")) },
		"direct-io": func() error { return open(env("READ")+"/file", unix.O_RDONLY|unix.O_DIRECT) },
		"clone-extents": func() error {
			return withFiles(func(from, to int) error { return unix.IoctlFileClone(to, from) })
		},
		"sendfile": func() error {
			return withFiles(func(from, to int) error { _, err := unix.Sendfile(to, from, nil, 1); return err })
		},
		"splice-file": func() error {
			return withPipe(func(_, in int) error {
				return withFiles(func(from, _ int) error { _, err := unix.Splice(from, nil, in, nil, 1, 0); return err })
			})
		},
		"vmsplice": func() error {
			return withPipe(func(_, in int) error {
				b := []byte{0}
				_, err := unix.Vmsplice(in, []unix.Iovec{{Base: &b[0], Len: 1}}, 0)
				return err
			})
		},
		"tee": func() error {
			return withPipe(func(out, in int) error {
				return withPipe(func(_, other int) error {
					if _, err := unix.Write(in, []byte{0}); err != nil {
						return err
					}
					_, err := unix.Tee(out, other, 1, 0)
					return err
				})
			})
		},
		"make-socket": func() error {
			p := env("WRITE") + "/node"
			os.Remove(p)
			defer os.Remove(p)
			return unix.Mknod(p, unix.S_IFSOCK|0o600, 0)
		},
		"set-xattr":  func() error { return unix.Setxattr(env("WRITE"), "user.jpm", []byte("x"), 0) },
		"sparse":     sparse,
		"many-files": manyFiles,
		"eat-descriptors": func() error {
			var open []int
			defer func() {
				for _, fd := range open {
					unix.Close(fd)
				}
			}()
			for range 4096 {
				fd, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
				if err != nil {
					return err
				}
				open = append(open, fd)
			}
			return nil
		},
		"eat-threads": eatThreads,
	})
}

// withFiles is given a file to read and one to write.
func withFiles(try func(from, to int) error) error {
	from, err := os.Open(env("READ") + "/file")
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.Create(env("WRITE") + "/copy")
	if err != nil {
		return err
	}
	defer os.Remove(to.Name())
	defer to.Close()
	return try(int(from.Fd()), int(to.Fd()))
}

func withPipe(try func(out, in int) error) error {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		return err
	}
	defer unix.Close(p[0])
	defer unix.Close(p[1])
	return try(p[0], p[1])
}

// sparse makes a file of 2 TiB that takes no room.
func sparse() error {
	f, err := os.Create(env("WRITE") + "/sparse")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	return f.Truncate(2 << 40)
}

// manyFiles makes more empty files than the pool's /tmp has inodes.
func manyFiles() error {
	dir, err := os.MkdirTemp(env("TMP"), "many-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for i := range 8192 {
		fd, err := unix.Open(filepath.Join(dir, fmt.Sprint(i)), unix.O_CREAT|unix.O_WRONLY|unix.O_CLOEXEC, 0o600)
		if err != nil {
			return err
		}
		unix.Close(fd)
	}
	return nil
}

// eatThreads wants more threads than a jail has. Where it gets them not, the Go runtime ends the program.
func eatThreads() error {
	var wg sync.WaitGroup
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		return err
	}
	started := make(chan struct{}, 600)
	for range 600 {
		wg.Go(func() {
			started <- struct{}{}
			unix.Read(p[0], make([]byte, 1)) // blocks a thread
		})
	}
	for range 600 {
		<-started
	}
	unix.Close(p[1])
	wg.Wait()
	return unix.Close(p[0])
}
