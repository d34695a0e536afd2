package fcgi

import (
	"testing"
	"time"
)

// TestPark has a loop that rests be woken by its timer, by a task and by what came before it rested.
func TestPark(t *testing.T) {
	l := new(Loop)
	if err := l.open(); err != nil {
		t.Fatal(err)
	}
	defer l.release()
	if n, err := l.park(time.Now().Add(time.Millisecond)); n > 0 || err != nil {
		t.Errorf("park until a time: %d events, error %v", n, err)
	}
	l.asleep = true
	go func() {
		time.Sleep(time.Millisecond)
		l.post(task{kind: taskEnd})
	}()
	for range 2 { // the second time it is there already
		if n, err := l.park(time.Time{}); n != 1 || err != nil {
			t.Errorf("park until a task: %d events, error %v, want that of the task", n, err)
		}
	}
	if n, err := l.park(time.Now().Add(-time.Second)); n != 1 || err != nil {
		t.Errorf("park until a time that has come, behind a task: %d events, error %v, want that of the task", n, err)
	}
}

// TestIdleLoop serves after a rest.
func TestIdleLoop(t *testing.T) {
	l := scripted(t, 1, echo)
	c := dial(t, listen(t, &Proxy{Pick: l.pick}))
	for range 3 {
		time.Sleep(5 * attentive)
		c.send(get(1, flagKeep))
		c.want(page(1, "ok"))
	}
	l.wantOutcomes(t, Reuse, Reuse, Reuse)
}
