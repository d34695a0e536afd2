package config

import "fmt"

// The least that a jail can be started with: two small Go programs build it, one after the other as the worker.
const (
	leastMemory = 16 << 20
	leastPids   = 16
)

// limits checks what cgroups are to bound and notes where it is written: whether the host can do it is found out later.
func (v *validator) limits(l *Limits) {
	l.Places = nil
	for _, s := range []struct {
		key  any
		name string
	}{
		{&l.Memory, "memory"}, {&l.CPU, "cpu"}, {&l.Pids, "pids"}, {&l.IOWeight, "io_weight"},
		{&l.Pool.Memory, "pool.memory"}, {&l.Pool.CPU, "pool.cpu"}, {&l.Pool.Pids, "pool.pids"},
	} {
		if !v.source.set[s.key] {
			continue
		}
		if l.Places == nil {
			l.Places = map[string]string{}
		}
		l.Places[s.name] = v.place(s.key)
	}
	const little = "A jail cannot start with less than %s; 0 means no limit."
	for _, memory := range []*int64{&l.Memory, &l.Pool.Memory} {
		if *memory > 0 && *memory < leastMemory {
			v.problem(memory, "Too little", little, fmt.Sprintf("%dM", leastMemory>>20))
		}
	}
	for _, pids := range []*int{&l.Pids, &l.Pool.Pids} {
		if *pids > 0 && *pids < leastPids {
			v.problem(pids, "Too little", little, fmt.Sprint(leastPids))
		}
	}
	const more = "%s cannot be more than limits.pool.%s: the pool's limit holds for each of its workers too."
	if l.Pool.Memory > 0 && l.Memory > l.Pool.Memory {
		v.problem(&l.Memory, "Contradiction", more, "memory", "memory")
	}
	if l.Pool.CPU > 0 && l.CPU > l.Pool.CPU {
		v.problem(&l.CPU, "Contradiction", more, "cpu", "cpu")
	}
	if l.Pool.Pids > 0 && l.Pids > l.Pool.Pids {
		v.problem(&l.Pids, "Contradiction", more, "pids", "pids")
	}
	if l.MaxRSS > 0 && l.Memory > 0 && l.MaxRSS > l.Memory {
		v.problem(&l.MaxRSS, "Contradiction", "max_rss cannot be more than memory: the kernel kills the worker first.")
	}
}
