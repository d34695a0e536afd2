package proxy

import (
	"sync"

	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"jpm/status"
)

// What a pool's incidents may add to the log. Beyond it they are counted, not written: who can make incidents must not be able to fill
// a disk with them.
const (
	incidentLines = 10  // a second
	incidentBurst = 100 // lines
)

// incidents keeps and tells what was stopped in one pool. Any goroutine may use it.
type incidents struct {
	log   *zap.Logger
	limit *rate.Limiter

	mu      sync.Mutex
	counts  map[status.Fence]uint64
	last    []status.Incident // a ring once it is full; next is its oldest
	next    int
	dropped uint64 // since the last line that was written
}

func newIncidents(log *zap.Logger) *incidents {
	return &incidents{log: log, limit: rate.NewLimiter(incidentLines, incidentBurst), counts: make(map[status.Fence]uint64)}
}

// add tells of an incident and keeps it.
func (k *incidents) add(i status.Incident) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.counts[i.Layer] += i.Count
	if len(k.last) < status.MaxIncidents {
		k.last = append(k.last, i)
	} else {
		k.last[k.next] = i
		k.next = (k.next + 1) % len(k.last)
	}
	if !k.limit.Allow() {
		k.dropped += i.Count
		return
	}
	if k.dropped > 0 {
		k.log.Error("incidents dropped", zap.Uint64("count", k.dropped))
		k.dropped = 0
	}
	k.log.Error("incident", incidentFields(&i)...)
}

// snapshot is what was stopped until now.
func (k *incidents) snapshot() status.Incidents {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := status.Incidents{Counts: make(map[status.Fence]uint64), Last: make([]status.Incident, 0, len(k.last))}
	for _, f := range status.Fences() {
		s.Counts[f] = k.counts[f]
	}
	for i := range k.last {
		s.Last = append(s.Last, k.last[(k.next+len(k.last)-1-i)%len(k.last)])
	}
	return s
}

// incidentFields are an incident in the log. The names are those of its JSON form; pool and time are the logger's own, but for the time
// of the call, which is older.
func incidentFields(i *status.Incident) []zap.Field {
	fields := []zap.Field{zap.Time("time", i.Time), zap.String("layer", string(i.Layer)), zap.String("action", string(i.Action))}
	if i.Worker != nil {
		fields = append(fields, zap.Uint16("worker", *i.Worker), zap.Int("pid", i.Pid))
	}
	for _, f := range [][2]string{{"syscall", i.Syscall}, {"arguments", i.Arguments}, {"errno", i.Errno}, {"limit", i.Limit}, {"detail", i.Detail}} {
		if f[1] != "" {
			fields = append(fields, zap.String(f[0], f[1]))
		}
	}
	fields = append(fields, zap.Uint64("count", i.Count))
	if r := i.Request; r != nil {
		fields = append(fields, requestFields(r)...)
	}
	return fields
}

// requestFields are a request in the log.
func requestFields(r *status.Request) []zap.Field {
	fields := []zap.Field{zap.String("method", r.Method), zap.String("uri", r.URI), zap.String("script", r.Script), zap.String("client", r.Client)}
	if r.ID != "" {
		fields = append(fields, zap.String("request_id", r.ID))
	}
	return fields
}
