package proxy

import (
	"testing"
	"time"

	"jpm/pool"
)

func TestTally(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	a, b, a2 := pool.ID{Slot: 0, Gen: 1}, pool.ID{Slot: 1, Gen: 1}, pool.ID{Slot: 0, Gen: 2}
	type add struct {
		id   pool.ID
		n    uint64
		at   int
		want bool
	}
	for name, c := range map[string]struct {
		limit uint64
		adds  []add
	}{
		"never":           {0, []add{{a, 1000, 0, false}}},
		"the first":       {1, []add{{a, 1, 0, true}, {a, 1, 1, false}, {b, 1, 1, true}, {a2, 1, 2, true}}},
		"the third":       {3, []add{{a, 1, 0, false}, {b, 1, 0, false}, {a, 1, 59, false}, {a, 1, 59, true}, {a, 5, 59, false}}},
		"too slow":        {2, []add{{a, 1, 0, false}, {a, 1, 60, false}, {a, 1, 119, true}}},
		"a sum":           {100, []add{{a, 1, 0, false}, {a, 99, 1, true}}},
		"another process": {2, []add{{a, 1, 0, false}, {a2, 1, 1, false}, {a2, 1, 2, true}}},
		"once":            {2, []add{{a, 2, 0, true}, {a, 2, 100, false}}},
	} {
		t.Run(name, func(t *testing.T) {
			y := tally{limit: c.limit, window: time.Minute}
			for i, x := range c.adds {
				if got := y.add(x.id, x.n, at(x.at)); got != x.want {
					t.Errorf("%d: add(%v, %d) at %d s = %v, want %v", i, x.id, x.n, x.at, got, x.want)
				}
			}
		})
	}
}
