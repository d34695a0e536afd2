package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// serves is how many requests one run of Serves makes.
const serves = 10000

// Serves measures the CPU time of one worker alone, for each small request over a kept connection with neither nginx nor the proxy: what the
// layers around a process cost it while it works.
type Serves struct{ A, B string }

func (e Serves) String() string { return fmt.Sprintf("%d small requests to one worker", serves) }

func (e Serves) sides() (a, b string) { return e.A, e.B }

func (e Serves) measure(ctx context.Context, r *rig) (_ Result, err error) {
	var runs [2]func() (Run, error)
	for i, way := range []string{e.A, e.B} {
		s, err := newStarter(r, way)
		if err != nil {
			return Result{}, err
		}
		defer s.close()
		w, client, _, err := s.first(ctx)
		if err != nil {
			return Result{}, fmt.Errorf("%s: %w", way, err)
		}
		defer func() { err = errors.Join(err, w.end()) }()
		process, err := w.php(filepath.Base(r.php.cgi))
		if err != nil {
			return Result{}, err
		}
		request := fcgiRequest(s.script)
		runs[i] = func() (Run, error) {
			run, err := serve(ctx, client, request, process)
			if err != nil {
				return Run{}, fmt.Errorf("%s: %w", way, err)
			}
			return run, nil
		}
	}
	for _, run := range runs {
		if _, err := run(); err != nil {
			return Result{}, err
		}
	}
	return r.pair(runs[0], runs[1])
}

// php is the worker's php-cgi, by the name of the program: itself or a descendant.
func (w *worker) php(name string) (process, error) {
	processes, err := tree(w.pid)
	if err != nil {
		return process{}, err
	}
	for _, p := range processes {
		if p.name == name {
			return p, nil
		}
	}
	return process{}, fmt.Errorf("find %s below process %d: only %+v", name, w.pid, processes)
}

// serve makes the requests of one run.
func serve(ctx context.Context, client *fcgiClient, request []byte, php process) (Run, error) {
	begin := time.Now()
	before, err := spent(php)
	if err != nil {
		return Run{}, err
	}
	for range serves {
		if _, err := client.ask(request); err != nil {
			return Run{}, err
		}
		if ctx.Err() != nil {
			return Run{}, ctx.Err()
		}
	}
	after, err := spent(php)
	if err != nil {
		return Run{}, err
	}
	took, worker, self := time.Since(begin), after.worker-before.worker, after.self-before.self
	return Run{
		Load:    Load{Requests: serves, Rate: serves / took.Seconds(), CPU: self},
		CPU:     map[string]float64{"php-cgi": float64(worker.Nanoseconds()) / 1000 / serves},
		Foreign: foreign(after.machine-before.machine, worker+self, took),
	}, nil
}

// spending is CPU time so far: a worker's, the benchmark's own, which makes the requests, and the whole machine's.
type spending struct{ worker, self, machine time.Duration }

func spent(php process) (s spending, err error) {
	if s.worker, err = php.cpuTime(); err != nil {
		return s, err
	}
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		return s, fmt.Errorf("getrusage: %w", err)
	}
	s.self = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	s.machine, err = machineBusy()
	return s, err
}
