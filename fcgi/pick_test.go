package fcgi

import (
	"strings"
	"testing"
	"time"
)

// TestQueue has requests that wait in Pick and end there.
func TestQueue(t *testing.T) {
	const keep = flagKeep
	tests := []struct {
		name string
		end  func(c *peer)
	}{
		{"hangs up", func(c *peer) { _ = c.Close() }},
		{"aborts", func(c *peer) { c.send(rec(recAbortRequest, 1, "")); c.want(end(1, 0, 0)); c.wantOpen() }},
	}
	for _, tt := range tests {
		for _, request := range [][]byte{get(1, keep), post(1, keep, "500000", strings.Repeat("x", 500000))[:200000]} {
			t.Run(tt.name, func(t *testing.T) {
				if tt.name == "aborts" && len(request) > 1000 {
					t.Skip("what comes behind a body that waits is not read")
				}
				has, now := make(chan struct{}, 2), make(chan struct{})
				l := scripted(t, 1, slow(has, now))
				path := listen(t, &Proxy{Pick: l.pick})
				a, b := dial(t, path), dial(t, path)
				a.send(get(1, keep))
				<-has
				b.send(request)
				l.wantQueue(t, 1, 0)
				tt.end(b)
				l.wantQueue(t, 0, 1)
				now <- struct{}{}
				a.want(page(1, "ok"))
				if len(has) > 0 {
					t.Error("the request was executed")
				}
				l.wantOutcomes(t, Reuse)
			})
		}
	}
}

// TestQueuedBody has a request with a body that comes while it waits.
func TestQueuedBody(t *testing.T) {
	has, now := make(chan struct{}, 2), make(chan struct{})
	l := scripted(t, 1, slow(has, now))
	path := listen(t, &Proxy{Pick: l.pick})
	a, b := dial(t, path), dial(t, path)
	a.send(get(1, flagKeep))
	<-has
	go func() { _, _ = b.Write(post(1, flagKeep, "500000", strings.Repeat("x", 500000))) }()
	time.Sleep(20 * time.Millisecond)
	now <- struct{}{}
	a.want(page(1, "ok"))
	<-has
	now <- struct{}{}
	b.want(page(1, "ok"))
	l.wantOutcomes(t, Reuse, Reuse)
}

// TestQueuedAtOnce frees the worker right after a client that waits has gone, before anybody would have looked at the connection, which is not kept.
func TestQueuedAtOnce(t *testing.T) {
	has, now := make(chan struct{}, 2), make(chan struct{})
	l := scripted(t, 1, slow(has, now))
	path := listen(t, &Proxy{Pick: l.pick})
	a, b := dial(t, path), dial(t, path)
	a.send(get(1, flagKeep))
	<-has
	b.send(get(1, 0))
	l.wantQueue(t, 1, 0)
	_ = b.Close()
	now <- struct{}{}
	a.want(page(1, "ok"))
	l.wantQueue(t, 0, 1)
	a.send(get(1, flagKeep))
	<-has
	now <- struct{}{}
	a.want(page(1, "ok"))
	l.wantOutcomes(t, Reuse, Reuse)
}

// wantQueue waits until so many wait and so many have left.
func (l *lender) wantQueue(t testing.TB, wait, left int) {
	t.Helper()
	for deadline := time.Now().Add(patienceOf); ; time.Sleep(time.Millisecond) {
		l.mu.Lock()
		w, g := len(l.queue), l.left
		l.mu.Unlock()
		if w == wait && g == left {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d wait and %d have left, want %d and %d", w, g, wait, left)
		}
	}
}
