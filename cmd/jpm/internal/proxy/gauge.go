package proxy

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"

	"jpm/cmd/jpm/internal/link"
	"jpm/pool"
)

// gauge is what the proxy can see of one worker's use: files that the master has opened, read after each request while the worker is
// still the request's.
type gauge struct {
	id      pool.ID
	pid     int
	statm   *os.File // nil without limits.max_rss
	pids    *os.File // nil without limits.pids and limits.pool.pids
	pool    *os.File // nil where pids tells of limits.pool.pids too
	refused atomic.Uint64

	mu  sync.Mutex // guards buf: a request that is over can meet the worker's end
	buf [128]byte
}

// newGauge takes the files over. They come in the order of link.Gauges.
func newGauge(id pool.ID, pid int, which link.Gauges, files []*os.File) *gauge {
	g := &gauge{id: id, pid: pid}
	for _, f := range []struct {
		bit link.Gauges
		to  **os.File
	}{{link.Statm, &g.statm}, {link.PidsEvents, &g.pids}, {link.PoolPids, &g.pool}} {
		if which&f.bit != 0 {
			*f.to, files = files[0], files[1:]
		}
	}
	return g
}

func (g *gauge) close() {
	for _, f := range []*os.File{g.statm, g.pids, g.pool} {
		if f != nil {
			f.Close()
		}
	}
}

// rss is the worker's resident memory in bytes, 0 if it has ended.
func (g *gauge) rss() int64 {
	if g.statm == nil {
		return 0
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	n, _ := g.statm.ReadAt(g.buf[:], 0) // a short file ends with io.EOF
	pages, err := parseStatm(g.buf[:n])
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// parseStatm takes the second number of /proc/PID/statm, resident, in pages (proc_pid_statm(5)).
func parseStatm(b []byte) (int64, error) {
	_, rest, _ := bytes.Cut(b, []byte(" "))
	resident, _, ok := bytes.Cut(rest, []byte(" "))
	if !ok {
		return 0, fmt.Errorf("statm %q: unknown form", b)
	}
	return strconv.ParseInt(string(resident), 10, 64)
}

// newlyRefused is how many processes were refused since it was last asked. Total is the count if the caller knows it, else -1.
func (g *gauge) newlyRefused(total int64) uint64 {
	if total < 0 {
		if total = g.read(g.pids); total < 0 {
			return 0 // nobody counts, or the worker has ended, and the master tells the count
		}
	}
	seen := g.refused.Swap(uint64(total))
	return max(uint64(total), seen) - seen
}

// read is the count of refused processes in a file, -1 without one or if it cannot be read.
func (g *gauge) read(f *os.File) int64 {
	if f == nil {
		return -1
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	n, _ := f.ReadAt(g.buf[:], 0) // a short file ends with io.EOF
	total, err := parsePidsEvents(g.buf[:n])
	if err != nil {
		return -1
	}
	return total
}

// parsePidsEvents takes the number behind "max " in pids.events (cgroups(7)).
func parsePidsEvents(b []byte) (int64, error) {
	for line := range bytes.Lines(b) {
		if n, ok := bytes.CutPrefix(line, []byte("max ")); ok {
			return strconv.ParseInt(string(bytes.TrimSpace(n)), 10, 64)
		}
	}
	return 0, fmt.Errorf("pids.events %q: unknown form", b)
}

// measure looks at the worker after a request, before it is given back: one that uses too much memory goes, and a refused process is an
// incident of this request.
func (s *site) measure(id pool.ID, r *request) {
	if int(id.Slot) >= len(s.gauges) {
		return
	}
	g := s.gauges[id.Slot].Load()
	if g == nil || g.id != id {
		return
	}
	if rss := g.rss(); rss > s.config.Limits.MaxRSS {
		s.log.Info("over max_rss", append([]zap.Field{zap.Uint16("worker", id.Slot), zap.Int("pid", g.pid), zap.Int64("mem_bytes", rss)}, r.fields()...)...)
		s.pool.Retire(id, pool.ReasonMemory)
	}
	if n := g.newlyRefused(-1); n > 0 {
		s.refusedProcesses(id, g.pid, n, r.public())
	}
	s.measurePool(g)
}

// measurePool looks, by way of one of its workers, whether the limit of the pool was met. The kernel does not say whose process it has
// refused.
func (s *site) measurePool(g *gauge) {
	total := g.read(g.pool)
	for total >= 0 {
		seen := s.poolPids.Load()
		if uint64(total) <= seen {
			return
		}
		if s.poolPids.CompareAndSwap(seen, uint64(total)) {
			s.refusedToPool(uint64(total) - seen)
			return
		}
	}
}

// gauge begins to watch a worker. Without gauges there is nothing to do.
func (s *site) gauge(id pool.ID, m link.Message, files []*os.File) {
	if m.Gauges == 0 {
		return
	}
	g := newGauge(id, m.Pid, m.Gauges, files)
	// What a proxy before this one has seen is not news.
	s.counted.Do(func() { s.poolPids.Store(uint64(max(g.read(g.pool), 0))) })
	s.gauges[id.Slot].Store(g)
}

// ungauge ends that, and gives the number of refused processes that no request was told of.
func (s *site) ungauge(id pool.ID, total uint32) uint64 {
	g := s.gauges[id.Slot].Load()
	if g == nil || g.id != id {
		return 0
	}
	s.gauges[id.Slot].CompareAndSwap(g, nil)
	n := g.newlyRefused(int64(total))
	s.measurePool(g)
	g.close()
	return n
}
