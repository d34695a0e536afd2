package jail

import (
	"testing"
	"time"
)

func TestBudget(t *testing.T) {
	var b budget
	told := func(now time.Duration, n int) (yes int) {
		for range n {
			if b.take(now) {
				yes++
			}
		}
		return yes
	}
	if n := told(time.Hour, 1000); n != denialBurst {
		t.Errorf("%d told at once, want %d", n, denialBurst)
	}
	if n := b.sum(time.Hour + denialSum - 1); n != 0 {
		t.Errorf("summed %d early", n)
	}
	if n := b.sum(time.Hour + denialSum); n != 1000-denialBurst {
		t.Errorf("summed %d, want %d", n, 1000-denialBurst)
	}
	if n := b.rest(); n != 0 {
		t.Errorf("%d left of a sum that was told", n)
	}
	if n := told(time.Hour+denialSum, 100); n != denialRate {
		t.Errorf("%d told after a second, want %d", n, denialRate)
	}
	if n := b.rest(); n != 100-denialRate {
		t.Errorf("%d left, want %d", n, 100-denialRate)
	}
	if n := told(3*time.Hour, 1000); n != denialBurst {
		t.Errorf("%d told after a long rest, want %d", n, denialBurst)
	}
}

// The longer a flood lasts, the slower it is answered, until it has been quiet.
func TestPause(t *testing.T) {
	var b budget
	for _, c := range []struct {
		calls int
		at    time.Duration
		want  time.Duration
	}{
		{denialBurst, 0, pauseLeast}, {pauseStep - 1, 0, pauseLeast}, {1, 0, 2 * time.Millisecond}, {20 * pauseStep, time.Second, pauseMost},
		{1, time.Hour, pauseLeast},
	} {
		for range c.calls {
			b.take(c.at)
		}
		if got := b.pause(); got != c.want {
			t.Errorf("after %d more calls at %v: %v, want %v", c.calls, c.at, got, c.want)
		}
	}
}
