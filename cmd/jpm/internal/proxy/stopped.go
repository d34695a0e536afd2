package proxy

import (
	"syscall"
	"time"

	"jpm/cmd/jpm/internal/link"
	"jpm/fcgi"
	"jpm/pool"
	"jpm/status"
)

// What was stopped becomes an incident here: the jail's fact and the request.

// denied tells of a worker's denied system call, and takes the worker away when it makes too many. The request is the one that the
// worker had when it made the call, which may be over by now and others begun.
func (s *site) denied(id pool.ID, d link.Denial) {
	h, pid, requests := s.pool.Served(id, d.When())
	s.incidents.add(status.Incident{
		Time: d.When(), Pool: s.config.Name, Worker: &id.Slot, Pid: pid, Layer: status.Seccomp, Action: status.Denied,
		Syscall: d.Call, Arguments: d.Args, Errno: d.Errno, Detail: sumOf(d), Count: uint64(d.Count), Request: requestOf(h),
	})
	// What a worker does before its first request its successor would do too: replacing it for that would never end.
	if requests == 0 || !s.tally.add(id, uint64(d.Count), d.When()) {
		return
	}
	switch s.config.Recycle.Action {
	case "recycle":
		s.pool.Retire(id, pool.ReasonDenied)
	case "kill":
		s.pool.Kill(id, pool.ReasonDenied)
	}
}

// sumOf is what is said of calls that were only counted.
func sumOf(d link.Denial) string {
	if d.Call == "" {
		return "more of them, counted and not looked at"
	}
	return ""
}

// ended tells of a worker that something has killed for what it did, and of what it was refused before.
func (s *site) ended(t pool.Transition) {
	if t.To != pool.Down || t.Exit == nil {
		return
	}
	i := status.Incident{
		Time: time.Now(), Pool: s.config.Name, Worker: &t.ID.Slot, Pid: t.Pid, Action: status.Killed, Count: 1, Request: requestOf(t.Holder),
	}
	switch {
	case t.Exit.Signal == syscall.SIGSYS:
		i.Layer, i.Syscall, i.Detail = status.Seccomp, t.Exit.Call, "a system call of the kill class"
	case t.Exit.Signal == syscall.SIGXFSZ:
		i.Layer, i.Limit = status.Rlimit, "file_size"
	case t.Exit.Signal == syscall.SIGXCPU:
		i.Layer, i.Limit = status.Rlimit, "cpu"
	case t.Exit.OOM:
		i.Layer, i.Limit = status.Cgroup, "memory"
	case t.Reason == pool.ReasonBrokenProtocol:
		i.Layer, i.Detail = status.Protocol, "what it sent is not FastCGI"
	}
	if i.Layer != "" {
		s.incidents.add(i)
	}
	if n := s.ungauge(t.ID, t.Exit.Refused); n > 0 {
		s.refusedProcesses(t.ID, t.Pid, n, i.Request)
	}
}

// refusedProcesses tells of a worker that has met its limit of processes, n times, with the request if that is known.
func (s *site) refusedProcesses(id pool.ID, pid int, n uint64, r *status.Request) {
	s.incidents.add(status.Incident{
		Time: time.Now(), Pool: s.config.Name, Worker: &id.Slot, Pid: pid, Layer: status.Cgroup, Action: status.Denied, Limit: "pids",
		Count: n, Request: r,
	})
}

// refusedToPool tells that the pool's workers together have met their limit of processes, n times. Whose process it was is not known.
func (s *site) refusedToPool(n uint64) {
	s.incidents.add(status.Incident{
		Time: time.Now(), Pool: s.config.Name, Layer: status.Cgroup, Action: status.Denied, Limit: "pids",
		Detail: "of all workers together, limits.pool.pids", Count: n,
	})
}

// refused tells of a request for a script that it may not name.
func (s *site) refused(r *fcgi.Request, why string) {
	s.incidents.add(status.Incident{
		Time: time.Now(), Pool: s.config.Name, Layer: status.Scripts, Action: status.Refused, Detail: why, Count: 1,
		Request: describe(r).public(),
	})
}

// requestOf is the request of a lease, also while it runs; nil without one.
func requestOf(h pool.Holder) *status.Request {
	l, ok := h.(*hold)
	if !ok {
		return nil
	}
	return l.about().public()
}

// about is the request, whether it runs or is over.
func (h *hold) about() *request {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.memo == nil && !h.done {
		return describe(h.req)
	}
	return h.memo
}

// public is what others are told of a request, cut to a length that a log can bear.
func (r *request) public() *status.Request {
	if r == nil {
		return nil
	}
	return &status.Request{
		Method: short(r.b[:r.end[0]]), URI: short(r.b[r.end[0]:r.end[1]]), Script: short(r.b[r.end[1]:r.end[2]]), Client: short(r.b[r.end[2]:r.end[3]]),
		ID: short(r.b[r.end[3]:]),
	}
}

// short cuts what a client made up.
func short(b []byte) string {
	const most = 1024
	return string(b[:min(len(b), most)])
}
