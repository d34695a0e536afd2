package main

import (
	"math"
	"slices"
	"time"
)

// schedule is the requests of one open-loop run: when each is due, which are sent and answered, and how long each took. Times count from the start of the run.
type schedule struct {
	// every is the time from one request to the next, and total how many there are.
	every time.Duration
	total int
	// slowEvery makes every so many-th a slow one. 0 means none.
	slowEvery int

	due, sent, done int
	// latencies is of requests that are not slow, in the order of their answers.
	latencies []time.Duration
}

// newSchedule spreads perSecond requests a second evenly over length. There is at least one.
func newSchedule(perSecond float64, length time.Duration, slowEvery int) *schedule {
	every := max(1, time.Duration(float64(time.Second)/perSecond))
	total := max(1, int(length/every))
	return &schedule{every: every, total: total, slowEvery: slowEvery, latencies: make([]time.Duration, 0, total)}
}

// dueAt is when request i should be sent.
func (s *schedule) dueAt(i int) time.Duration { return time.Duration(i) * s.every }

// slow tells whether request i asks for the slow page. The first do not.
func (s *schedule) slow(i int) bool { return s.slowEvery > 0 && i%s.slowEvery == s.slowEvery-1 }

// tick says that n more requests are due.
func (s *schedule) tick(n int) { s.due = min(s.total, s.due+n) }

// next is the request to send now, in order, if one is due.
func (s *schedule) next() (i int, ok bool) {
	if s.sent == s.due {
		return 0, false
	}
	s.sent++
	return s.sent - 1, true
}

// answered says that request i has its answer at a time. Its latency counts from when it was due, however late it was sent.
func (s *schedule) answered(i int, at time.Duration) {
	s.done++
	if !s.slow(i) {
		s.latencies = append(s.latencies, at-s.dueAt(i))
	}
}

// finished tells whether every request has its answer.
func (s *schedule) finished() bool { return s.done == s.total }

// percentile is the smallest latency that the fraction q of all latencies do not exceed (the nearest rank), and 0 if there are none.
func (s *schedule) percentile(q float64) time.Duration { return nearestRank(s.latencies, q) }

// nearestRank is the smallest of values that the fraction q of them, above 0 and up to 1, do not exceed, and 0 if there are none.
func nearestRank(values []time.Duration, q float64) time.Duration {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	rank := int(math.Ceil(q*float64(len(sorted)) - 1e-9)) // 0.95 of 20 is 19 and a little more, in binary
	return sorted[min(max(rank, 1), len(sorted))-1]
}
