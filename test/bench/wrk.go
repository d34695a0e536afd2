package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Load is what the load generator saw of one run.
type Load struct {
	// Requests is the number of complete responses.
	Requests uint64 `json:"requests"`
	// Rate is responses per second.
	Rate float64 `json:"rate"`
	// P50 and P99 are percentiles of the time from a request to the end of its response.
	P50 time.Duration `json:"p50_ns"`
	P99 time.Duration `json:"p99_ns"`
	// CPU is the generator's own time, user and system.
	CPU time.Duration `json:"generator_cpu_ns"`
}

// drive puts load on url for a time with wrk(1): one thread, a fixed number of connections, each of which sends its next request as soon as it
// has the last response, with a file of upload bytes if that is not 0. Any failed request makes it an error. dir is for wrk's script.
func drive(ctx context.Context, dir, url string, clients, upload int, length time.Duration) (Load, error) {
	argv := []string{"-t1", "-c" + strconv.Itoa(clients), "-d" + strconv.Itoa(int(length.Seconds())) + "s", "--latency"}
	if upload > 0 {
		script := filepath.Join(dir, "upload.lua")
		if err := os.WriteFile(script, []byte(uploadScript(upload)), 0o644); err != nil {
			return Load{}, err
		}
		argv = append(argv, "-s", script)
	}
	cmd := exec.CommandContext(ctx, "wrk", append(argv, url)...)
	// Its own group: Ctrl-C is for the benchmark, which then stops the rest in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return Load{}, ctx.Err()
	}
	if err != nil {
		return Load{}, fmt.Errorf("run wrk on %s: %w: %s", url, err, strings.TrimSpace(string(out)))
	}
	load, err := parseWrk(string(out))
	if err != nil {
		return Load{}, fmt.Errorf("load on %s: %w", url, err)
	}
	load.CPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return load, nil
}

// parseWrk reads what wrk --latency prints. Socket errors, responses other than 2xx and 3xx, and output without one of the four
// numbers are errors.
func parseWrk(out string) (Load, error) {
	var load Load
	var bad []error
	for line := range strings.Lines(out) {
		words := strings.Fields(line)
		var err error
		switch {
		case len(words) == 2 && words[0] == "50%":
			load.P50, err = time.ParseDuration(words[1])
		case len(words) == 2 && words[0] == "99%":
			load.P99, err = time.ParseDuration(words[1])
		case len(words) > 3 && words[1] == "requests" && words[2] == "in":
			load.Requests, err = strconv.ParseUint(words[0], 10, 64)
		case len(words) == 2 && words[0] == "Requests/sec:":
			load.Rate, err = strconv.ParseFloat(words[1], 64)
		case strings.HasPrefix(strings.TrimSpace(line), "Socket errors:"),
			strings.HasPrefix(strings.TrimSpace(line), "Non-2xx"):
			err = errors.New(strings.TrimSpace(line))
		}
		if err != nil {
			bad = append(bad, err)
		}
	}
	if err := errors.Join(bad...); err != nil {
		return Load{}, err
	}
	if load.Requests == 0 || !(load.Rate > 0) || load.P50 <= 0 || load.P99 <= 0 {
		return Load{}, fmt.Errorf("wrk's output is not whole: %q", out)
	}
	return load, nil
}
