package main

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// workers is how many PHP workers each side has.
const workers = 4

// server is one side: a running program that answers FastCGI requests on a socket.
type server struct {
	*service
	site   site
	socket string
	uwsgi  bool // what it speaks: the uwsgi protocol, or else FastCGI
	// master, and rest for what the table roles does not name, are the roles of its processes in the report.
	master, rest string
	// roles maps the start of a process's name to its role.
	roles map[string]string
	// worker is the role of the processes that run PHP.
	worker string
}

// stop ends the program, and then the database of its site.
func (s *server) stop() error {
	return errors.Join(s.service.stop(), s.site.stop())
}

// role tells what p does, for the report.
func (s *server) role(p process) string {
	if p.pid == s.cmd.Process.Pid {
		return s.master
	}
	for prefix, role := range s.roles {
		if strings.HasPrefix(p.name, prefix) {
			return role
		}
	}
	return s.rest
}

// cpuByRole is the CPU time that the server's processes have used, and which processes those are.
func (s *server) cpuByRole() (map[string]time.Duration, []process, error) {
	processes, err := s.processes()
	if err != nil {
		return nil, nil, err
	}
	used := map[string]time.Duration{}
	for _, p := range processes {
		ran, err := p.cpuTime()
		if err != nil {
			return nil, nil, err
		}
		used[s.role(p)] += ran
	}
	return used, processes, nil
}

// memory is what the server's processes take, in KiB of PSS: all of them by role, and one worker on average. A worker's share is its own
// process and, in a jail, the jpm-init that stays beside it.
type memory struct {
	byRole    map[string]float64
	perWorker float64
}

// memory measures the server's processes.
func (s *server) memory() (memory, error) {
	processes, err := s.processes()
	if err != nil {
		return memory{}, err
	}
	m := memory{byRole: map[string]float64{}}
	own := map[int]float64{}
	beside := map[int]bool{} // the processes that count with a worker
	var count int
	for _, p := range processes {
		if own[p.pid], err = p.pss(); err != nil {
			if gone(err) {
				continue
			}
			return memory{}, err
		}
		m.byRole[s.role(p)] += own[p.pid]
		if s.role(p) == s.worker {
			count++
			beside[p.pid] = true
			beside[p.parent] = true
		}
	}
	if count == 0 {
		return memory{}, fmt.Errorf("measure the memory of %s: no worker", s.name)
	}
	for _, p := range processes {
		if beside[p.pid] && s.role(p) != s.master {
			m.perWorker += own[p.pid]
		}
	}
	m.perWorker /= float64(count)
	return m, nil
}
