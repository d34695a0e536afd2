package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is one process as /proc shows it (proc_pid_stat(5)).
type process struct {
	pid, parent int
	// name is the file name of its executable. The kernel's name for it (comm) would do, but for a program that is executed by descriptor
	// that is a number.
	name string
	// born is its start time in clock ticks since boot; with pid it names the process for good.
	born uint64
}

// tick is the unit of times in /proc/stat: 1/USER_HZ, which is 100 on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// tree is the process root and all its descendants, root first. A process that ends meanwhile may be missing.
func tree(root int) ([]process, error) {
	children := map[int][]process{}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	var found []process
	for _, path := range stats {
		p, err := readProcess(path)
		if gone(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if p.pid == root {
			found = append(found, p)
		}
		children[p.parent] = append(children[p.parent], p)
	}
	for i := 0; i < len(found); i++ {
		found = append(found, children[found[i].pid]...)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("process %d: %w", root, fs.ErrNotExist)
	}
	return found, nil
}

// gone tells whether err came from reading about a process that has ended.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH)
}

// readProcess reads one /proc/PID/stat.
func readProcess(path string) (process, error) {
	stat, err := os.ReadFile(path)
	if err != nil {
		return process{}, err
	}
	p, err := parseStat(string(stat))
	if err != nil {
		return process{}, fmt.Errorf("parse %s: %w", path, err)
	}
	// A process that has ended and a kernel thread have no executable any more, and keep the kernel's name.
	if exe, err := os.Readlink(filepath.Join(filepath.Dir(path), "exe")); err == nil {
		p.name = strings.TrimSuffix(filepath.Base(exe), " (deleted)")
	}
	return p, nil
}

// parseStat reads the line of a /proc/PID/stat.
func parseStat(stat string) (process, error) {
	// The name stands in parentheses and may itself hold any of "() ".
	open, shut := strings.IndexByte(stat, '('), strings.LastIndexByte(stat, ')')
	if open < 0 || shut < open {
		return process{}, fmt.Errorf("no name in %q", stat)
	}
	rest := strings.Fields(stat[shut+1:]) // from field 3, the state, on
	if len(rest) < 20 {
		return process{}, fmt.Errorf("%d fields in %q", len(rest)+2, stat)
	}
	var bad error
	number := func(s string) int64 {
		n, err := strconv.ParseInt(s, 10, 64)
		bad = errors.Join(bad, err)
		return n
	}
	p := process{
		pid:    int(number(strings.TrimSpace(stat[:open]))),
		name:   stat[open+1 : shut],
		parent: int(number(rest[1])),
		born:   uint64(number(rest[19])),
	}
	return p, bad
}

// cpuTime is the time p's threads have run, from /proc/PID/task/TID/schedstat, in nanoseconds of the scheduler's clock. It does not count threads that
// have ended: none of the programs measured here ends threads under load.
func (p process) cpuTime() (time.Duration, error) {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/[0-9]*/schedstat", p.pid))
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	for _, path := range tasks {
		stat, err := os.ReadFile(path)
		if gone(err) {
			continue
		}
		if err != nil {
			return 0, err
		}
		first, _, _ := bytes.Cut(stat, []byte(" "))
		ran, err := strconv.ParseInt(string(first), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("parse %s: %w", path, err)
		}
		sum += time.Duration(ran)
	}
	return sum, nil
}

// pss is the proportional set size of p in KiB: its private memory, and of each shared page its share. From /proc/PID/smaps_rollup.
func (p process) pss() (float64, error) {
	path := fmt.Sprintf("/proc/%d/smaps_rollup", p.pid)
	rollup, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(rollup)) {
		if words := strings.Fields(line); len(words) == 3 && words[0] == "Pss:" && words[2] == "kB" {
			return strconv.ParseFloat(words[1], 64)
		}
	}
	return 0, fmt.Errorf("no Pss in %s", path)
}

// alive tells whether p, and not another process with its number, still runs. A zombie does not.
func (p process) alive() bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
	if err != nil {
		return false
	}
	now, err := parseStat(string(stat))
	return err == nil && now.born == p.born && !bytes.Contains(stat, []byte(") Z "))
}

// machineBusy is how long the machine's CPUs have been at work since boot, all of them together, whatever for. From /proc/stat.
func machineBusy() (time.Duration, error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(stat), "\n")
	words := strings.Fields(line)
	if len(words) < 9 || words[0] != "cpu" {
		return 0, fmt.Errorf("parse /proc/stat: first line is %q", line)
	}
	var ticks int64
	for i, word := range words[1:9] { // user nice system idle iowait irq softirq steal
		n, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("parse /proc/stat: %w", err)
		}
		if i != 3 && i != 4 {
			ticks += n
		}
	}
	return time.Duration(ticks) * tick, nil
}
