package fcgi

import (
	"bytes"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// TestFail takes the worker away at different times.
func TestFail(t *testing.T) {
	other := errors.New("worker killed")
	tests := []struct {
		name string
		err  error
		body bool // the answer has begun
		want []byte
	}{
		{"timeout", ErrTimeout, false, answer(1, 504)},
		{"exit", other, false, answer(1, 502)},
		{"timeout within the answer", ErrTimeout, true, make([]byte, headerLen)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			has := make(chan struct{})
			l := scripted(t, 1, func(w *worker, _ int) {
				w.request()
				if tt.body {
					w.say(rec(recStdout, 1, "A: b\n\n"))
				}
				close(has)
				w.request()
			})
			failers := make(chan Handle, 1)
			c := dial(t, listen(t, &Proxy{Pick: func(r *Request) (Upstream, Waiter, error) {
				failers <- r.Handle()
				return l.pick(r)
			}}))
			c.send(get(1, 0))
			f := <-failers
			<-has
			if tt.body {
				c.want(rec(recStdout, 1, "A: b\n\n"))
			}
			f.Fail(tt.err)
			f.Fail(errors.New("again"))
			c.want(tt.want)
			c.wantClosed()
			res := l.wantOutcomes(t, Lost)[0]
			if !errors.Is(res.Err, tt.err) {
				t.Errorf("Done was told %v", res.Err)
			}
			f.Fail(errors.New("too late"))
		})
	}
}

// TestFailFirst shows that a cause holds against what it brings about: whoever takes a worker away tells why, and kills it then.
func TestFailFirst(t *testing.T) {
	has := make(chan *net.UnixConn, 1)
	l := scripted(t, 1, func(w *worker, _ int) {
		w.request()
		has <- w.UnixConn
		w.request()
	})
	failers := make(chan Handle, 1)
	path := listen(t, &Proxy{Pick: func(r *Request) (Upstream, Waiter, error) {
		failers <- r.Handle()
		return l.pick(r)
	}})
	for range 200 {
		c := dial(t, path)
		c.send(get(1, 0))
		f, w := <-failers, <-has
		f.Fail(ErrTimeout)
		w.Close()
		c.want(answer(1, 504))
		c.wantClosed()
	}
}

// TestFailLate shows that a Handle ends its own request only.
func TestFailLate(t *testing.T) {
	has, now := make(chan struct{}, 1), make(chan struct{})
	l := scripted(t, 1, slow(has, now))
	failers := make(chan Handle, 2)
	c := dial(t, listen(t, &Proxy{Pick: func(r *Request) (Upstream, Waiter, error) {
		failers <- r.Handle()
		return l.pick(r)
	}}))
	c.send(get(1, flagKeep))
	<-has
	now <- struct{}{}
	c.want(page(1, "ok"))
	c.send(get(1, flagKeep))
	<-has
	(<-failers).Fail(ErrTimeout)
	now <- struct{}{}
	c.want(page(1, "ok"))
	l.wantOutcomes(t, Reuse, Reuse)
}

// TestFailBlocked takes the worker away from a client that does not read its answer.
func TestFailBlocked(t *testing.T) {
	var failer atomic.Pointer[Handle]
	l := scripted(t, 1, func(w *worker, _ int) {
		w.request()
		w.say(rec(recStdout, 1, "A: b\n\n"), bytes.Repeat(rec(recStdout, 1, strings.Repeat("x", maxContent)), 200))
	})
	c := dial(t, listen(t, &Proxy{Pick: func(r *Request) (Upstream, Waiter, error) {
		f := r.Handle()
		failer.Store(&f)
		return l.pick(r)
	}}))
	c.send(get(1, flagKeep))
	c.want(rec(recStdout, 1, "A: b\n\n"))
	time.Sleep(50 * time.Millisecond)
	failer.Load().Fail(ErrTimeout)
	l.wantOutcomes(t, Lost)
}

// TestPanicGivesBack shows that a worker is not lost in a panic.
func TestPanicGivesBack(t *testing.T) {
	l := scripted(t, 1, func(w *worker, n int) {
		if n > 0 {
			echo(w, n)
			return
		}
		w.request()
		w.say(rec(recStderr, 1, "boo"))
		w.request()
	})
	path := listen(t, &Proxy{Pick: l.pick, Stderr: func(*Request, Upstream, []byte) { panic("on purpose") }})
	a, b := dial(t, path), dial(t, path)
	a.send(post(1, flagKeep, "300000", strings.Repeat("x", 300000))[:200000])
	a.send(post(1, flagKeep, "300000", strings.Repeat("x", 300000))[200000:])
	a.wantClosed()
	b.send(get(1, flagKeep))
	b.want(page(1, "ok"))
	l.wantOutcomes(t, Lost, Reuse)
}

// TestPanic shows that a panic ends one connection.
func TestPanic(t *testing.T) {
	l := scripted(t, 1, echo)
	core, logs := observer.New(zap.ErrorLevel)
	path := listen(t, &Proxy{Log: zap.New(core), Pick: func(r *Request) (Upstream, Waiter, error) {
		if r.URI() == "/panic" {
			panic("on purpose")
		}
		return l.pick(r)
	}})
	a, b := dial(t, path), dial(t, path)
	a.send(get(1, flagKeep, "REQUEST_URI", "/panic"))
	a.wantClosed()
	b.send(get(1, flagKeep))
	b.want(page(1, "ok"))
	if logs.Len() != 1 {
		t.Errorf("%d log lines", logs.Len())
	}
}
