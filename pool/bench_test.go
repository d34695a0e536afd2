package pool_test

import (
	"context"
	"testing"

	"jpm/pool"
)

// idleStarter's workers are up as soon as the benchmark says so, and do nothing.
type idleStarter struct{}

func (idleStarter) Start(pool.ID) {}
func (idleStarter) Dial(pool.ID)  {}
func (idleStarter) Term(pool.ID)  {}
func (idleStarter) Kill(pool.ID)  {}

// idlePool has n idle workers. It has no goroutine, and after close no timer.
func idlePool(n int) (p *pool.Pool, close func()) {
	p = pool.New(testConfig(n), idleStarter{}, &fakeObserver{})
	p.Up()
	for i := range n {
		p.Started(pool.ID{Slot: uint16(i), Gen: 1}, pool.Process{Pid: i + 1, Conn: &fakeConn{}})
	}
	return p, func() {
		p.Close()
		for i := range n {
			p.Exited(pool.ID{Slot: uint16(i), Gen: 1}, pool.Exit{})
		}
		<-p.Done()
	}
}

func BenchmarkAcquireRelease(b *testing.B) {
	p, done := idlePool(4)
	defer done()
	h := &fakeHolder{}
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		l, err := p.AcquireWait(ctx, h)
		if err != nil {
			b.Fatal(err)
		}
		l.Release(pool.Reuse)
	}
}

// BenchmarkHandOver has more requests than workers: each one waits.
func BenchmarkHandOver(b *testing.B) {
	p, done := idlePool(1)
	defer done()
	b.ReportAllocs()
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		h := &fakeHolder{}
		for pb.Next() {
			l, err := p.AcquireWait(b.Context(), h)
			if err != nil {
				b.Error(err)
				return
			}
			l.Release(pool.Reuse)
		}
	})
}

// TestAcquireFastPath holds what the request path relies on: no allocation, and the ticket is left alone.
func TestAcquireFastPath(t *testing.T) {
	p, done := idlePool(2)
	defer done()
	h := &fakeHolder{}
	allocs := testing.AllocsPerRun(100, func() {
		l, err := p.Acquire(h, nil)
		if err != nil {
			t.Fatal(err)
		}
		l.Release(pool.Reuse)
	})
	if allocs != 0 {
		t.Errorf("Acquire and Release allocate %v times, want 0", allocs)
	}
}
