package fcgi

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"
)

func TestShutdown(t *testing.T) {
	has, now := make(chan struct{}, 1), make(chan struct{})
	l := scripted(t, 2, slow(has, now))
	p := &Proxy{Pick: l.pick}
	path := listen(t, p)
	idle, busy := dial(t, path), dial(t, path)
	idle.wantOpen()
	busy.send(get(1, flagKeep))
	<-has
	over := make(chan error)
	go func() { over <- p.Shutdown(context.Background()) }()
	idle.wantClosed()
	select {
	case err := <-over:
		t.Fatalf("Shutdown = %v, with a request running", err)
	case <-time.After(20 * time.Millisecond):
	}
	now <- struct{}{}
	busy.want(page(1, "ok"))
	busy.wantClosed()
	if err := <-over; err != nil {
		t.Errorf("Shutdown = %v", err)
	}
}

func TestShutdownForced(t *testing.T) {
	has, now := make(chan struct{}, 1), make(chan struct{})
	l := scripted(t, 1, slow(has, now))
	p := &Proxy{Pick: l.pick}
	path := listen(t, p)
	busy, queued := dial(t, path), dial(t, path)
	busy.send(get(1, flagKeep))
	<-has
	queued.send(get(1, flagKeep))
	time.Sleep(10 * time.Millisecond)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := p.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown = %v", err)
	}
	close(now)
	// The one that waited may have got the worker at the last moment, and lost it too.
	if got := l.outcomes(); len(got) == 0 || got[0] != Lost {
		t.Errorf("outcomes %v", got)
	}
}

// TestMaxConns has more connections than there may be.
func TestMaxConns(t *testing.T) {
	l := scripted(t, 1, echo)
	path := listen(t, &Proxy{Pick: l.pick, MaxConns: 2})
	a, b, c := dial(t, path), dial(t, path), dial(t, path)
	a.wantOpen()
	b.wantOpen()
	c.send(get(1, flagKeep))
	_ = c.SetReadDeadline(time.Now().Add(30 * time.Millisecond))
	if n, err := c.Read(make([]byte, 1)); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a third connection was served: %v", err)
	}
	_ = a.Close()
	c.want(page(1, "ok"))
}
