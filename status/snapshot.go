package status

import (
	"time"

	"jpm/pool"
)

// SchemaVersion is the version of the JSON form.
const SchemaVersion = 1

// Snapshot is all of jpm at one moment.
type Snapshot struct {
	Version   int                `json:"version"`    // SchemaVersion; Handler fills it in
	Program   string             `json:"program"`    // jpm's version
	StartTime time.Time          `json:"start_time"` // when the proxy started, from which the counters count
	ProxyPID  int                `json:"proxy_pid"`
	Pools     []pool.Snapshot    `json:"pools"` // in the order of the configuration
	Jails     map[string][]Layer `json:"jails"` // by pool: its effective jail
	// ProxyJail is the effective jail of the proxy.
	ProxyJail []Layer `json:"proxy_jail"`
	// Incidents is what was stopped, by pool.
	Incidents map[string]Incidents `json:"incidents"`
}

// Layer is one line of an effective jail.
type Layer struct {
	Layer   string `json:"layer"`
	Setting string `json:"setting"`
	State   string `json:"state"`         // enforced, partly or off
	Why     string `json:"why,omitempty"` // why it is not enforced
}

// Enforced reports whether the layer is there as it was asked for.
func (l Layer) Enforced() bool { return l.State == "enforced" }

// complete makes a snapshot as Handler shows it: with its version, and with empty lists where there are none.
func complete(s Snapshot) Snapshot {
	s.Version = SchemaVersion
	if s.Pools == nil {
		s.Pools = []pool.Snapshot{}
	}
	if s.Jails == nil {
		s.Jails = map[string][]Layer{}
	}
	if s.ProxyJail == nil {
		s.ProxyJail = []Layer{}
	}
	if s.Incidents == nil {
		s.Incidents = map[string]Incidents{}
	}
	return s
}

// recycled sums the processes that were replaced.
func recycled(p pool.Snapshot) uint64 {
	var n uint64
	for reason, count := range p.Recycles {
		if reason != pool.ReasonShutdown {
			n += count
		}
	}
	return n
}

// turnedAway sums the requests that got 503.
func turnedAway(p pool.Snapshot) uint64 {
	return p.Queue.Full + p.Queue.Timeouts + p.Requests.Refused
}
