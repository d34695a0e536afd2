package proxy

import (
	"fmt"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"jpm/status"
)

func TestIncidentsAreKept(t *testing.T) {
	core, logs := observer.New(zap.DebugLevel)
	k := newIncidents(zap.New(core))
	if s := k.snapshot(); len(s.Last) != 0 || s.Last == nil || len(s.Counts) != len(status.Fences()) {
		t.Errorf("before the first: %+v", s)
	}
	slot := uint16(3)
	k.add(status.Incident{
		Time: time.Unix(5, 0), Pool: "shop", Worker: &slot, Pid: 7, Layer: status.Seccomp, Action: status.Denied, Syscall: "kill",
		Arguments: "pid=1", Errno: "EPERM", Count: 1, Request: &status.Request{Method: "GET", URI: "/x"},
	})
	e := logs.All()
	if len(e) != 1 || e[0].Message != "incident" || e[0].Level != zap.ErrorLevel {
		t.Fatalf("logged %+v", e)
	}
	for name, want := range map[string]any{
		"layer": "seccomp", "action": "denied", "worker": slot, "pid": int64(7), "syscall": "kill", "arguments": "pid=1", "errno": "EPERM",
		"count": uint64(1), "method": "GET", "uri": "/x", "time": time.Unix(5, 0),
	} {
		if got := e[0].ContextMap()[name]; got != want {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
	for i := range 2*status.MaxIncidents + 3 {
		k.add(status.Incident{Layer: status.Scripts, Detail: fmt.Sprint(i), Count: 2})
	}
	s := k.snapshot()
	if len(s.Last) != status.MaxIncidents || s.Counts[status.Scripts] != 2*(2*status.MaxIncidents+3) || s.Counts[status.Seccomp] != 1 {
		t.Errorf("%d kept, counts %v", len(s.Last), s.Counts)
	}
	for i := range s.Last {
		if want := fmt.Sprint(2*status.MaxIncidents + 2 - i); s.Last[i].Detail != want {
			t.Fatalf("incident %d is %s, want %s", i, s.Last[i].Detail, want)
		}
	}
}

// A flood costs a bounded number of lines, and each incident is logged or counted.
func TestIncidentFlood(t *testing.T) {
	core, logs := observer.New(zap.DebugLevel)
	k := newIncidents(zap.New(core))
	const flood = 20 * incidentBurst
	began := time.Now()
	for range flood {
		k.add(status.Incident{Layer: status.Seccomp, Count: 1})
	}
	var logged, dropped uint64
	for _, e := range logs.All() {
		if e.Message == "incident" {
			logged++
		} else {
			dropped += e.ContextMap()["count"].(uint64)
		}
	}
	if most := incidentBurst + incidentLines*uint64(time.Since(began)/time.Second+1); logged < incidentBurst || logged > most {
		t.Errorf("%d lines for a flood of %d, want %d to %d", logged, flood, incidentBurst, most)
	}
	if sum := logged + dropped + k.dropped; sum != flood || k.snapshot().Counts[status.Seccomp] != flood {
		t.Errorf("%d logged, %d and %d dropped, want %d together", logged, dropped, k.dropped, flood)
	}
}
