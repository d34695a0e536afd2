package fcgi

import "testing"

// TestHabit has workers that close behind every answer, whatever they are asked: after a few, no connection is tried a second time.
func TestHabit(t *testing.T) {
	closed := make(chan struct{}, 1)
	l := scripted(t, 1, func(w *worker, _ int) {
		b := w.request()
		w.say(page(readHeader(b).id, "ok"))
		_ = w.Close()
		closed <- struct{}{}
	})
	c := dial(t, listen(t, &Proxy{Pick: l.pick}))
	for range closedEnough + 3 {
		c.send(get(1, flagKeep))
		c.want(page(1, "ok"))
		<-closed
	}
	l.wantOutcomes(t, Reuse, Stale, Reuse, Stale, Reuse, Stale, Reconnect, Reconnect, Reconnect)
}

// TestHabitKept has a worker that has kept a connection once: that others were closed is no habit.
func TestHabitKept(t *testing.T) {
	var h habit
	for range closedEnough {
		h.found(1)
		h.found(2)
	}
	if !h.once() {
		t.Error("connections that are always closed are used again")
	}
	h.answered(1)
	if !h.once() {
		t.Error("one request is no sign that a connection is kept")
	}
	h.answered(2)
	if h.once() {
		t.Error("a kept connection is used once only")
	}
}
