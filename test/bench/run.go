package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"regexp"
	"time"
)

const (
	// warmUp is the length of the run of each side that does not count.
	warmUp = time.Second
	// settle is the time after a run in which the servers notice that its connections are gone.
	settle = 200 * time.Millisecond
)

// timestamp is a Unix time, which DokuWiki's pages hold.
var timestamp = regexp.MustCompile(`\b1[0-9]{9}\b`)

// alike checks that both sides of a scenario answer with the same bytes, but for times and their own address. Each is asked twice: the first answer
// may differ from all later ones, because it has to build what these have cached.
func (s *stand) alike(ctx context.Context, sc Scenario) error {
	var answers [2][]byte
	for range 2 {
		for i, v := range []Variant{sc.A, sc.B} {
			body, err := s.get(ctx, v, sc.Page, sc.Upload)
			if err != nil {
				return err
			}
			body = bytes.ReplaceAll(body, []byte(s.web.addr[v]), []byte("HOST"))
			answers[i] = timestamp.ReplaceAll(body, []byte("TIME"))
		}
	}
	a, b := answers[0], answers[1]
	if len(a) == 0 {
		return fmt.Errorf("%s: %s answers with nothing", sc.Page, sc.A)
	}
	if !bytes.Equal(a, b) {
		at := differ(a, b)
		return fmt.Errorf("%s: %s answers with %d bytes, %s with %d, from byte %d on different ones: %.80q and %.80q", sc.Page, sc.A, len(a), sc.B, len(b), at, a[at:], b[at:])
	}
	return nil
}

// differ is where the first difference of a and b is.
func differ(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// run puts load on one side and measures it. That a process of the server or of nginx ends meanwhile is an error: its time would be missing.
func (s *stand) run(ctx context.Context, v Variant, sc Scenario, length time.Duration) (Run, error) {
	srv := s.servers[v.Server]
	before, err := s.used(srv)
	if err != nil {
		return Run{}, err
	}
	start := time.Now()
	var load Load
	if sc.open() {
		load, err = driveOpen(ctx, s.web.addr[v], sc, length)
	} else {
		load, err = drive(ctx, s.dir, s.web.url(v)+"/"+sc.Page, sc.Clients, sc.Upload, length)
	}
	if ctx.Err() != nil {
		return Run{}, ctx.Err()
	}
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
	r.Foreign = foreign(after.machine-before.machine, ours, wall)
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
