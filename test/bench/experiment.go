package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"
)

// Experiment makes the runs behind one or more rows. Equal ones are made once.
type Experiment interface {
	// String says what is done, for the reader.
	String() string
	// sides says what runs A and B are of. a is "" where there is nothing to compare with.
	sides() (a, b string)
	// measure makes the runs. What it starts it stops, also when ctx ends.
	measure(ctx context.Context, r *rig) (Result, error)
}

// Run is what was measured in one run of one side. What does not apply is zero.
type Run struct {
	Load Load `json:"load,omitzero"`
	// CPU is the time each role's processes used, in microseconds per request. nginx is one of the roles.
	CPU map[string]float64 `json:"cpu_us,omitempty"`
	// PSS is the memory of each of the server's roles right after the run, in KiB, and PSSPerWorker of one worker with what stands beside it.
	PSS          map[string]float64 `json:"pss_kib,omitempty"`
	PSSPerWorker float64            `json:"pss_worker_kib,omitempty"`
	// Foreign is the part of the machine that went to neither the server, nginx nor the load generator, in percent.
	Foreign float64 `json:"foreign_percent,omitempty"`
	// Value is the one number of an experiment that is no load.
	Value float64 `json:"value,omitempty"`
}

// CPUPerRequest is the CPU time of all roles together, in microseconds per request.
func (r Run) CPUPerRequest() float64 {
	var sum float64
	for us := range maps.Values(r.CPU) {
		sum += us
	}
	return sum
}

// Result is the runs of one experiment that count: A[i] and B[i] followed each other. A is empty where nothing is compared.
type Result struct {
	A, B []Run
	// Disturbed is how many pairs were made again because of other load on the machine.
	Disturbed int
}

// rig is what experiments share: the programs, a place for files, and how many runs to make.
type rig struct {
	dir    string // has jpm and jpm-init
	php    php
	pairs  int
	length time.Duration // of one run
	told   func(pair int)
	places int // how many directories place has made
}

// newRig makes a directory and builds jpm in it. The caller removes the directory with close, also after an error later on.
func newRig(ctx context.Context, p php, opts options) (*rig, error) {
	// Neither in /tmp nor in /var/tmp: a jail has its own.
	dir, err := os.MkdirTemp("/srv", "jpm-bench-")
	if err != nil {
		return nil, err
	}
	r := &rig{dir: dir, php: p, pairs: opts.pairs, length: time.Duration(opts.seconds) * time.Second, told: func(int) {}}
	// nginx and the workers are other users.
	if err := errors.Join(os.Chmod(dir, 0o755), buildJPM(ctx, dir)); err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, nil
}

// close removes the rig's files.
func (r *rig) close() error { return os.RemoveAll(r.dir) }

// place makes a new directory that every user can enter.
func (r *rig) place() (string, error) {
	r.places++
	dir := filepath.Join(r.dir, strconv.Itoa(r.places))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", fmt.Errorf("make a directory: %w", err)
	}
	return dir, nil
}

// maxForeign is how much of the machine other programs may use during a run, in percent, before its pair is made again.
const maxForeign = 10

// pair makes runs of two sides in turn. Pairs that other programs disturb are made again, but at most a quarter of what
// there are to be: on a machine that is never quiet, the rest counts as it is.
func (r *rig) pair(a, b func() (Run, error)) (Result, error) {
	var res Result
	for len(res.A) < r.pairs {
		r.told(len(res.A) + 1)
		ra, err := a()
		if err != nil {
			return Result{}, err
		}
		rb, err := b()
		if err != nil {
			return Result{}, err
		}
		if max(ra.Foreign, rb.Foreign) > maxForeign && res.Disturbed < (r.pairs+3)/4 {
			res.Disturbed++
			continue
		}
		res.A, res.B = append(res.A, ra), append(res.B, rb)
	}
	return res, nil
}

// foreign is how much of the machine went to others, in percent of all CPUs, when it was busy for busy, ours of it for what is measured.
func foreign(busy, ours, wall time.Duration) float64 {
	return max(0, 100*(busy-ours).Seconds()/wall.Seconds()/float64(runtime.NumCPU()))
}
