package fcgi

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
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
				var waiting atomic.Int32
				left := make(chan error, 1)
				pick := func(ctx context.Context, r *Request) (Upstream, error) {
					waiting.Add(1)
					up, err := l.pick(ctx, r)
					if err != nil {
						left <- err
					}
					return up, err
				}
				path := listen(t, &Proxy{Pick: pick})
				a, b := dial(t, path), dial(t, path)
				a.send(get(1, keep))
				<-has
				b.send(request)
				for waiting.Load() < 2 {
					time.Sleep(time.Millisecond)
				}
				tt.end(b)
				if err := <-left; !errors.Is(err, context.Canceled) {
					t.Errorf("Pick was told %v", err)
				}
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

// TestContextKept has a Pick that keeps its context: it is done from then on, and nobody watches the client for it.
func TestContextKept(t *testing.T) {
	l := scripted(t, 1, echo)
	kept := make(chan context.Context, 9)
	c := dial(t, listen(t, &Proxy{Pick: func(ctx context.Context, r *Request) (Upstream, error) {
		kept <- ctx
		return l.pick(ctx, r)
	}}))
	c.send(get(1, flagKeep))
	c.want(page(1, "ok"))
	<-(<-kept).Done()
	c.send(get(1, flagKeep))
	c.want(page(1, "ok"))
	ctx := <-kept
	if err := ctx.Err(); err != nil {
		t.Errorf("a context that nobody armed says %v", err)
	}
	c.wantOpen()
	l.wantOutcomes(t, Reuse, Reuse)
}
