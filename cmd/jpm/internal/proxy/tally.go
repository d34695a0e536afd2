package proxy

import (
	"time"

	"jpm/pool"
)

// tally counts the denied calls of each worker within the time that they count. It belongs to the link's reader.
type tally struct {
	limit  uint64 // 0: nothing is reached
	window time.Duration
	of     map[uint16]*count // by slot
}

// count is that of one process, since the first call that still counts.
type count struct {
	gen   uint64
	began time.Time
	n     uint64
	over  bool
}

// add counts n calls of a worker at a time, and says whether they reach the limit; it says so once for each process.
func (t *tally) add(id pool.ID, n uint64, at time.Time) bool {
	if t.limit == 0 {
		return false
	}
	c := t.of[id.Slot]
	if c == nil || c.gen != id.Gen {
		c = &count{gen: id.Gen, began: at}
		if t.of == nil {
			t.of = make(map[uint16]*count)
		}
		t.of[id.Slot] = c
	}
	if at.Sub(c.began) >= t.window {
		c.began, c.n = at, 0
	}
	c.n += n
	if c.n < t.limit || c.over {
		return false
	}
	c.over = true
	return true
}
