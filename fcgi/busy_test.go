package fcgi

import (
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// slow answers when it is told to, and says when it has a request.
func slow(has chan<- struct{}, now <-chan struct{}) func(*worker, int) {
	return func(w *worker, _ int) {
		for {
			b := w.request()
			if b == nil {
				return
			}
			has <- struct{}{}
			<-now
			w.say(page(readHeader(b).id, "ok"))
		}
	}
}

// TestAllBusy checks that management needs no worker.
func TestAllBusy(t *testing.T) {
	has, now := make(chan struct{}, 1), make(chan struct{})
	l := scripted(t, 1, slow(has, now))
	path := listen(t, &Proxy{Pick: l.pick})
	a, b := dial(t, path), dial(t, path)
	a.send(get(1, flagKeep))
	<-has
	b.wantOpen()
	b.send(get(1, flagKeep))
	b.wantOpen() // while it waits for the worker
	now <- struct{}{}
	a.want(page(1, "ok"))
	<-has
	now <- struct{}{}
	b.want(page(1, "ok"))
}

// TestGoneRunning hangs up while the worker works.
func TestGoneRunning(t *testing.T) {
	has, now := make(chan struct{}, 1), make(chan struct{})
	l := scripted(t, 1, slow(has, now))
	core, logs := observer.New(zap.InfoLevel)
	accounted := make(chan Result, 1)
	c := dial(t, listen(t, &Proxy{Pick: l.pick, Log: zap.New(core), Account: func(_ *Request, r Result) { accounted <- r }}))
	c.send(get(1, 0))
	<-has
	_ = c.Close()
	l.wantOutcomes(t, Reconnect)
	if r := <-accounted; !r.ClientGone || r.Err != nil {
		t.Errorf("Account was told %+v", r)
	}
	close(now)
	if logs.Len() > 0 {
		t.Errorf("logged: %v", logs.All())
	}
}

// TestHalfClose says everything and closes its side: that is no hang-up.
func TestHalfClose(t *testing.T) {
	has, now := make(chan struct{}, 1), make(chan struct{})
	l := scripted(t, 1, slow(has, now))
	c := dial(t, listen(t, &Proxy{Pick: l.pick}))
	c.send(get(1, flagKeep))
	<-has
	if err := c.Conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * patience)
	now <- struct{}{}
	c.want(page(1, "ok"))
	c.wantClosed()
	l.wantOutcomes(t, Reuse)
}
