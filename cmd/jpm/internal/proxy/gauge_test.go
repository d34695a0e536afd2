package proxy

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"go.uber.org/zap"

	"jpm/cmd/jpm/internal/link"
	"jpm/config"
	"jpm/pool"
	"jpm/status"
)

func TestParseStatm(t *testing.T) {
	for text, want := range map[string]int64{
		"5321 1204 800 1 0 300 0\n": 1204, "0 0 0 0 0 0 0\n": 0, // the second is a process on its way out
		"": -1, "5321": -1, "5321 1204": -1, "5321 x 800\n": -1,
	} {
		got, err := parseStatm([]byte(text))
		if want < 0 && err == nil || want >= 0 && (err != nil || got != want) {
			t.Errorf("parseStatm(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
}

func TestParsePidsEvents(t *testing.T) {
	for text, want := range map[string]int64{
		"max 0\n": 0, "max 17\n": 17, "other 3\nmax 4\n": 4, "": -1, "maximum 3\n": -1, "max x\n": -1,
	} {
		got, err := parsePidsEvents([]byte(text))
		if want < 0 && err == nil || want >= 0 && (err != nil || got != want) {
			t.Errorf("parsePidsEvents(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
}

// Each refusal is told once: by the requests as they come, the rest at the end.
func TestGauge(t *testing.T) {
	dir := t.TempDir()
	open := func(name, text string) *os.File {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	statm, pids := open("statm", "100 25 3 1 0 2 0\n"), open("pids.events", "max 2\n")
	g := newGauge(pool.ID{Slot: 1, Gen: 2}, 77, link.Statm|link.PidsEvents, []*os.File{statm, pids})
	if got, want := g.rss(), 25*int64(os.Getpagesize()); got != want {
		t.Errorf("rss() = %d, want %d", got, want)
	}
	for i, want := range []uint64{2, 0} {
		if got := g.newlyRefused(-1); got != want {
			t.Errorf("newlyRefused, time %d: %d, want %d", i, got, want)
		}
	}
	if got := g.newlyRefused(5); got != 3 {
		t.Errorf("newlyRefused at the end = %d, want 3", got)
	}
	g.close()
	if g.rss() != 0 || g.newlyRefused(-1) != 0 {
		t.Error("a worker that has ended uses something")
	}
	one := newGauge(pool.ID{}, 1, link.PidsEvents, []*os.File{open("pids.events", "max 1\n")})
	defer one.close()
	if one.rss() != 0 || one.newlyRefused(-1) != 1 {
		t.Error("a gauge of pids.events alone reads something else")
	}
}

// What the limit of all workers refused is told once, whoever looks, and what was before the first worker not at all.
func TestPoolGauge(t *testing.T) {
	events := filepath.Join(t.TempDir(), "pids.events.local")
	count := func(text string) {
		if err := os.WriteFile(events, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := &site{config: &config.Pool{Name: "shop"}, log: zap.NewNop(), incidents: newIncidents(zap.NewNop())}
	s.gauges = make([]atomic.Pointer[gauge], 2)
	count("max 4\n")
	ids := []pool.ID{{Slot: 0, Gen: 1}, {Slot: 1, Gen: 1}}
	for _, id := range ids {
		f, err := os.Open(events)
		if err != nil {
			t.Fatal(err)
		}
		s.gauge(id, link.Message{Gauges: link.PoolPids}, []*os.File{f})
	}
	for i, c := range []struct {
		text string
		look func()
		want uint64
	}{
		{"max 4\n", func() { s.measure(ids[0], nil) }, 0},
		{"max 7\n", func() { s.measure(ids[1], nil) }, 3},
		{"max 7\n", func() { s.measure(ids[0], nil) }, 3},
		{"max 9\n", func() { s.ungauge(ids[0], 0) }, 5},
		{"max 9\n", func() { s.ungauge(ids[1], 0) }, 5},
	} {
		count(c.text)
		c.look()
		if got := s.incidents.snapshot().Counts[status.Cgroup]; got != c.want {
			t.Errorf("look %d: %d incidents, want %d", i, got, c.want)
		}
	}
	if last := s.incidents.snapshot().Last; len(last) != 2 || last[0].Worker != nil || last[0].Request != nil || last[0].Limit != "pids" {
		t.Errorf("incidents %+v, want two of no worker", last)
	}
}
