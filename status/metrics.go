package status

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"jpm/pool"
)

// collector makes the metrics of one snapshot at each scrape, so that nothing is kept twice and a pool that is gone
// leaves no series behind.
type collector struct{ src func() Snapshot }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("jpm_"+name, help, labels, nil)
}

var (
	descInfo      = desc("build_info", "Always 1; its label says which jpm this is.", "version")
	descStartTime = desc("start_time_seconds", "When the proxy process started, in seconds since 1970.")

	descWorkers      = desc("workers", "Workers by state.", "pool", "state")
	descJailLayers   = desc("jail_layers", "Lines of the pool's effective jail by state: enforced, partly, off.", "pool", "state")
	descRecycles     = desc("worker_recycles_total", "Worker processes that have ended, by reason.", "pool", "reason")
	descRejected     = desc("requests_rejected_total", "Requests that got no worker, by reason: the queue was full, the wait too long, the client left, the pool was closing.", "pool", "reason")
	descIncidents    = desc("incidents_total", "What a jail or the proxy has stopped, by the layer that did.", "pool", "layer")
	poolMeasurements = []measurement{
		{desc("workers_max", "The most workers the pool may have.", "pool"), prometheus.GaugeValue,
			func(s *pool.Snapshot) float64 { return float64(s.Processes.Max) }},
		{desc("workers_active_peak", "The most workers that were busy at once.", "pool"), prometheus.GaugeValue,
			func(s *pool.Snapshot) float64 { return float64(s.Processes.MaxActive) }},
		{desc("workers_max_reached_total", "How often requests began to wait because every worker was busy.", "pool"), prometheus.CounterValue,
			func(s *pool.Snapshot) float64 { return float64(s.Processes.MaxChildrenReached) }},
		{desc("worker_start_failures_total", "Starts that brought no worker.", "pool"), prometheus.CounterValue,
			func(s *pool.Snapshot) float64 { return float64(s.StartFailures) }},
		{desc("requests_accepted_total", "Requests that asked for a worker.", "pool"), prometheus.CounterValue,
			func(s *pool.Snapshot) float64 { return float64(s.Requests.Accepted) }},
		{desc("requests_served_total", "Requests that a worker went through with.", "pool"), prometheus.CounterValue,
			func(s *pool.Snapshot) float64 { return float64(s.Requests.Served) }},
		{desc("requests_failed_total", "Requests whose worker died, was killed or broke the connection.", "pool"), prometheus.CounterValue,
			func(s *pool.Snapshot) float64 { return float64(s.Requests.Failed) }},
		{desc("stale_connections_total", "Kept connections that the worker had closed; the request was asked for again.", "pool"), prometheus.CounterValue,
			func(s *pool.Snapshot) float64 { return float64(s.Requests.Stale) }},
		{desc("queue_length", "Requests that wait for a worker.", "pool"), prometheus.GaugeValue,
			func(s *pool.Snapshot) float64 { return float64(s.Queue.Length) }},
		{desc("queue_length_peak", "The most requests that waited at once.", "pool"), prometheus.GaugeValue,
			func(s *pool.Snapshot) float64 { return float64(s.Queue.MaxLength) }},
		{desc("queue_limit", "The most requests that may wait.", "pool"), prometheus.GaugeValue,
			func(s *pool.Snapshot) float64 { return float64(s.Queue.Limit) }},
		{desc("bugs_total", "Events that cannot happen. Anything but 0 is worth a report.", "pool"), prometheus.CounterValue,
			func(s *pool.Snapshot) float64 { return float64(s.Bugs) }},
	}
)

// measurement is one number of a pool as a metric whose only label is the pool.
type measurement struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(*pool.Snapshot) float64
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descInfo, descStartTime, descWorkers, descJailLayers, descRecycles, descRejected, descIncidents} {
		ch <- d
	}
	for _, m := range poolMeasurements {
		ch <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	s := c.src()
	emit := func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string) {
		for i := range labels {
			labels[i] = strings.ToValidUTF8(labels[i], "\uFFFD")
		}
		ch <- prometheus.MustNewConstMetric(d, kind, v, labels...)
	}
	emit(descInfo, prometheus.GaugeValue, 1, s.Program)
	if !s.StartTime.IsZero() {
		emit(descStartTime, prometheus.GaugeValue, float64(s.StartTime.UnixMilli())/1000)
	}
	for i := range s.Pools {
		p := &s.Pools[i]
		for _, m := range poolMeasurements {
			emit(m.desc, m.kind, m.of(p), p.Name)
		}
		for _, state := range pool.States() {
			emit(descWorkers, prometheus.GaugeValue, float64(p.States[state]), p.Name, state.String())
		}
		for _, reason := range pool.Reasons() {
			emit(descRecycles, prometheus.CounterValue, float64(p.Recycles[reason]), p.Name, reason.String())
		}
		for reason, n := range map[string]uint64{
			"queue-full":    p.Queue.Full,
			"queue-timeout": p.Queue.Timeouts,
			"client-left":   p.Queue.Abandoned,
			"closing":       p.Requests.Refused,
		} {
			emit(descRejected, prometheus.CounterValue, float64(n), p.Name, reason)
		}
		for _, f := range Fences() {
			emit(descIncidents, prometheus.CounterValue, float64(s.Incidents[p.Name].Counts[f]), p.Name, string(f))
		}
		if layers, ok := s.Jails[p.Name]; ok {
			count := map[string]int{"enforced": 0, "partly": 0, "off": 0}
			for _, l := range layers {
				count[l.State]++
			}
			for state, n := range count {
				emit(descJailLayers, prometheus.GaugeValue, float64(n), p.Name, state)
			}
		}
	}
}
