package main

import (
	"slices"
	"testing"
	"time"
)

func TestScheduleIsFixed(t *testing.T) {
	tests := []struct {
		perSecond float64
		length    time.Duration
		total     int
		last      time.Duration
	}{
		{10, time.Second, 10, 900 * time.Millisecond},
		{2500, 3 * time.Second, 7500, 2999600 * time.Microsecond},
		{0.5, time.Second, 1, 0}, // at least one
		{3, time.Second, 3, 666666666 * time.Nanosecond},
	}
	for _, tt := range tests {
		s := newSchedule(tt.perSecond, tt.length, 0)
		if s.total != tt.total || s.dueAt(s.total-1) != tt.last || s.dueAt(0) != 0 {
			t.Errorf("%v/s for %v: %d requests, the last at %v, want %d, %v", tt.perSecond, tt.length, s.total, s.dueAt(s.total-1), tt.total, tt.last)
		}
	}
}

// TestLatencyCountsFromDue: a server that stalls for a second is charged for every request that was due meanwhile, though there was only one
// connection to send them over.
func TestLatencyCountsFromDue(t *testing.T) {
	s := newSchedule(10, time.Second, 0)
	send := func(want int) {
		t.Helper()
		if i, ok := s.next(); !ok || i != want {
			t.Fatalf("next() = %d, %v, want %d", i, ok, want)
		}
	}
	s.tick(1)
	send(0)
	if i, ok := s.next(); ok {
		t.Fatalf("next() = %d before it is due", i)
	}
	s.tick(9)
	s.answered(0, time.Second)
	// The server is quick again, 1 ms for each of those that have waited.
	for i := 1; i < 10; i++ {
		send(i)
		s.answered(i, time.Second+time.Duration(i)*time.Millisecond)
	}
	var want []time.Duration
	for i := range 10 {
		want = append(want, time.Second-time.Duration(i)*99*time.Millisecond)
	}
	if !slices.Equal(s.latencies, want) || !s.finished() {
		t.Errorf("latencies %v, want %v", s.latencies, want)
	}
	if got := s.percentile(0.5); got != want[5] {
		t.Errorf("median %v, want %v", got, want[5])
	}
}

func TestScheduleEnds(t *testing.T) {
	s := newSchedule(5, time.Second, 0)
	s.tick(1000)
	sent := 0
	for _, ok := s.next(); ok; _, ok = s.next() {
		sent++
	}
	if sent != 5 || s.finished() {
		t.Errorf("%d requests sent, finished %v, want 5 and no", sent, s.finished())
	}
}

func TestSlowRequestsDoNotCount(t *testing.T) {
	s := newSchedule(30, time.Second, 10)
	s.tick(30)
	var slow []int
	for i, ok := s.next(); ok; i, ok = s.next() {
		if s.slow(i) {
			slow = append(slow, i)
		}
		s.answered(i, s.dueAt(i)+time.Duration(i)*time.Millisecond)
	}
	if !slices.Equal(slow, []int{9, 19, 29}) || len(s.latencies) != 27 || slices.Contains(s.latencies, 9*time.Millisecond) || !s.finished() {
		t.Errorf("slow requests %v, latencies %v", slow, s.latencies)
	}
}

func TestNearestRank(t *testing.T) {
	count := func(n int) []time.Duration {
		var values []time.Duration
		for i := n; i >= 1; i-- {
			values = append(values, time.Duration(i))
		}
		return values
	}
	tests := []struct {
		n    int
		q    float64
		want time.Duration
	}{
		{0, 0.99, 0}, {1, 0.99, 1}, {2, 0.5, 1}, {3, 0.5, 2}, {20, 0.95, 19}, {99, 0.99, 99}, {100, 0.99, 99}, {101, 0.99, 100}, {1000, 0.99, 990}, {100, 1, 100},
	}
	for _, tt := range tests {
		values := count(tt.n)
		if got := nearestRank(values, tt.q); got != tt.want {
			t.Errorf("%v of 1 to %d = %d, want %d", tt.q, tt.n, got, tt.want)
		}
		if tt.n > 1 && values[0] != time.Duration(tt.n) {
			t.Error("nearestRank sorts its argument")
		}
	}
}
