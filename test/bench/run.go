package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"time"
)

// settle is the time after a run in which the servers notice that its connections are gone.
const settle = 200 * time.Millisecond

// Run is what was measured while one side was under load.
type Run struct {
	Load Load `json:"load"`
	// CPU is the time each role's processes used, in microseconds per request. nginx is one of the roles.
	CPU map[string]float64 `json:"cpu_us"`
	// PSS is the memory of each of the server's roles right after the run, in KiB, and PSSPerWorker of one worker with what stands beside it.
	PSS          map[string]float64 `json:"pss_kib"`
	PSSPerWorker float64            `json:"pss_worker_kib"`
	// Foreign is the part of the machine that went to neither the server, nginx nor the load generator, in percent.
	Foreign float64 `json:"foreign_percent"`
}

// CPUPerRequest is the CPU time of all roles together, in microseconds per request.
func (r Run) CPUPerRequest() float64 {
	var sum float64
	for us := range maps.Values(r.CPU) {
		sum += us
	}
	return sum
}

// Result is the runs of one scenario that count: A[i] and B[i] followed each other.
type Result struct {
	A, B []Run
	// Disturbed is how many pairs were made again because of other load on the machine.
	Disturbed int
}

// maxForeign is how much of the machine other programs may use during a run, in percent, before its pair is made again.
const maxForeign = 10

// measure makes pairs of runs of a scenario, after one of each side that does not count. Pairs that other programs disturb are made again, but at most
// half as many of them as there are to be: on a machine that is never quiet, the rest counts as it is. told is called before each pair.
func (s *stand) measure(ctx context.Context, sc Scenario, pairs int, length time.Duration, cpus int, told func(pair int)) (Result, error) {
	if err := s.alike(ctx, sc); err != nil {
		return Result{}, err
	}
	var res Result
	for _, v := range []Variant{sc.A, sc.B} {
		if _, err := s.run(ctx, v, sc, time.Second, cpus); err != nil {
			return Result{}, err
		}
	}
	for len(res.A) < pairs {
		told(len(res.A) + 1)
		a, err := s.run(ctx, sc.A, sc, length, cpus)
		if err != nil {
			return Result{}, err
		}
		b, err := s.run(ctx, sc.B, sc, length, cpus)
		if err != nil {
			return Result{}, err
		}
		if max(a.Foreign, b.Foreign) > maxForeign && res.Disturbed < (pairs+1)/2 {
			res.Disturbed++
			continue
		}
		res.A, res.B = append(res.A, a), append(res.B, b)
	}
	return res, nil
}

// alike checks that both sides of a scenario answer with the same bytes.
func (s *stand) alike(ctx context.Context, sc Scenario) error {
	a, err := s.get(ctx, sc.A, sc.Page)
	if err != nil {
		return err
	}
	b, err := s.get(ctx, sc.B, sc.Page)
	if err != nil {
		return err
	}
	if len(a) == 0 || !bytes.Equal(a, b) {
		return fmt.Errorf("%s: %s answers with %d bytes, %s with %d other ones", sc.Page, sc.A, len(a), sc.B, len(b))
	}
	return nil
}

// run puts load on one side and measures it. That a process of the server or of nginx ends meanwhile is an error: its time would be missing.
func (s *stand) run(ctx context.Context, v Variant, sc Scenario, length time.Duration, cpus int) (Run, error) {
	srv := s.servers[v.Server]
	before, err := s.used(srv)
	if err != nil {
		return Run{}, err
	}
	start := time.Now()
	load, err := drive(ctx, s.web.url[v]+"/"+sc.Page, sc.Clients, length)
	if err != nil {
		return Run{}, fmt.Errorf("%s: %w; its log: %s; nginx's: %s", v, err, srv.tail(), s.web.tail())
	}
	time.Sleep(settle)
	for _, p := range before.processes {
		if !p.alive() {
			return Run{}, fmt.Errorf("%s: %s (process %d) ended during the run; its log: %s", v, p.name, p.pid, srv.tail())
		}
	}
	after, err := s.used(srv)
	if err != nil {
		return Run{}, err
	}
	wall := time.Since(start)
	mem, err := srv.memory()
	if err != nil {
		return Run{}, err
	}
	r := Run{Load: load, CPU: map[string]float64{}, PSS: mem.byRole, PSSPerWorker: mem.perWorker}
	ours := load.CPU
	for role := range after.byRole {
		ran := after.byRole[role] - before.byRole[role]
		ours += ran
		r.CPU[role] = float64(ran.Nanoseconds()) / 1000 / float64(load.Requests)
	}
	foreign := after.machine - before.machine - ours
	r.Foreign = max(0, 100*foreign.Seconds()/wall.Seconds()/float64(cpus))
	return r, nil
}

// usage is CPU time so far.
type usage struct {
	byRole    map[string]time.Duration // the server's and nginx's processes
	processes []process                // all of them
	machine   time.Duration            // everything that runs
}

// used is the usage up to now.
func (s *stand) used(srv *server) (usage, error) {
	byRole, processes, err := srv.cpuByRole()
	if err != nil {
		return usage{}, err
	}
	nginx, nginxProcesses, err := s.web.cpuByRole()
	if err != nil {
		return usage{}, err
	}
	maps.Copy(byRole, nginx)
	busy, err := machineBusy()
	return usage{byRole, append(processes, nginxProcesses...), busy}, err
}
