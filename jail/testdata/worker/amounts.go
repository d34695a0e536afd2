package main

import (
	"maps"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// What uses up the machine. Each ends by itself after a few seconds or a bounded amount, so that a limit that does not hold
// fails a test and not the machine. They are not for outside of a jail.
func init() {
	maps.Copy(probes, map[string]func() error{
		"bomb-memory": bombMemory,
		"bomb-fork":   bombFork,
		"spin": func() error {
			for end := time.Now().Add(2 * time.Second); time.Now().Before(end); {
			}
			return nil
		},
		"flood-log": func() error {
			line := []byte(strings.Repeat("A", 1<<16) + "\n\x1b[31mjpm: a line of jpm's own\x00\r\n")
			for end := time.Now().Add(2 * time.Second); time.Now().Before(end); {
				if _, err := os.Stderr.Write(line); err != nil {
					return err
				}
			}
			return nil
		},
		"slow": func() error { time.Sleep(5 * time.Second); return nil },
	})
}

// bombMemory wants 1 GiB, and touches all of it.
func bombMemory() error {
	var all [][]byte
	defer func() {
		for _, m := range all {
			unix.Munmap(m)
		}
	}()
	for range 1024 {
		m, err := unix.Mmap(-1, 0, 1<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
		if err != nil {
			return err
		}
		all = append(all, m)
		for i := 0; i < len(m); i += 4096 {
			m[i] = 1
		}
	}
	return nil
}

// bombFork wants 400 processes that sleep.
func bombFork() error {
	var pids []int
	defer func() {
		for _, pid := range pids {
			unix.Kill(pid, unix.SIGKILL)
			unix.Wait4(pid, nil, 0, nil)
		}
	}()
	for range 400 {
		pid, err := forkSleep()
		if err != nil {
			return err
		}
		pids = append(pids, pid)
	}
	return nil
}
