package fcgi

import (
	"context"
	"errors"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestAcceptFails(t *testing.T) {
	tests := []struct {
		err  error
		over bool
		logs int
	}{
		{syscall.EMFILE, false, 1},
		{syscall.ENFILE, false, 1},
		{syscall.ENOMEM, false, 1},
		{syscall.ECONNABORTED, false, 0},
		{syscall.EBADF, true, 0},
	}
	for _, tt := range tests {
		t.Run(tt.err.Error(), func(t *testing.T) {
			ln, err := net.Listen("unix", t.TempDir()+"/s")
			if err != nil {
				t.Fatal(err)
			}
			core, logs := observer.New(zap.InfoLevel)
			l := scripted(t, 1, echo)
			fails := 3 // there is no descriptor left for the first
			p := &Proxy{Pick: l.pick, Log: zap.New(core), accept: func(fd int) (int, error) {
				if fails--; fails >= 0 {
					return -1, os.NewSyscallError("accept4", tt.err)
				}
				return accept(fd)
			}}
			served := make(chan error, 1)
			s := socket(t, ln)
			go func() { served <- p.Serve(s) }()
			c := dial(t, ln.Addr().String())
			if tt.over {
				if err := <-served; !errors.Is(err, tt.err) {
					t.Errorf("Serve = %v", err)
				}
				if err := p.Shutdown(context.Background()); err != nil {
					t.Error(err)
				}
				return
			}
			c.send(get(1, 0))
			c.want(page(1, "ok"))
			c.wantClosed()
			if err := p.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
			if err := <-served; !errors.Is(err, ErrClosed) {
				t.Errorf("Serve = %v", err)
			}
			if n := logs.FilterMessage("accept paused").Len(); n != tt.logs {
				t.Errorf("%d log lines, want %d", n, tt.logs)
			}
		})
	}
}

// TestServeAfterShutdown has no effect.
func TestServeAfterShutdown(t *testing.T) {
	p := &Proxy{}
	if err := p.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("unix", t.TempDir()+"/s")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Serve(socket(t, ln)); !errors.Is(err, ErrClosed) {
		t.Errorf("Serve = %v", err)
	}
}

// TestServeBehindEnd has a listener come when the thread has been told to end and has not looked yet: Serve is told, and does not wait for ever.
func TestServeBehindEnd(t *testing.T) {
	l := new(Loop)
	if err := l.open(); err != nil {
		t.Fatal(err)
	}
	defer l.release()
	ln, err := net.Listen("unix", t.TempDir()+"/s")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Loop: l}
	if err := p.init(); err != nil {
		t.Fatal(err)
	}
	p.wind()
	fd, err := ownFD(socket(t, ln).File)
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan error, 1)
	l.post(task{kind: taskEnd})
	if !l.post(task{kind: taskListen, proxy: p, listener: &listener{proxy: p, fd: fd, over: over}}) {
		t.Fatal("a thread that has not looked takes no task")
	}
	if !l.work() {
		t.Error("the thread does not end")
	}
	select {
	case err := <-over:
		if !errors.Is(err, ErrClosed) {
			t.Errorf("Serve = %v, want ErrClosed", err)
		}
	default:
		t.Error("Serve would wait for ever")
	}
	if l.post(task{kind: taskEnd}) {
		t.Error("a thread that has ended takes a task")
	}
}

// TestTCP has a client that is not local: a close is a half-close first.
func TestTCP(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	has, now := make(chan struct{}, 1), make(chan struct{})
	l := scripted(t, 1, slow(has, now))
	p := &Proxy{Pick: l.pick}
	served := make(chan error, 1)
	s := socket(t, ln)
	go func() { served <- p.Serve(s) }()
	connect := func() *peer {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return &peer{t, c}
	}
	c := connect()
	for _, keep := range []uint8{flagKeep, 0} {
		c.send(get(1, keep))
		<-has
		now <- struct{}{}
		c.want(page(1, "ok"))
	}
	c.wantClosed()
	c = connect()
	c.send(get(1, 0))
	<-has
	_ = c.Close()
	l.wantOutcomes(t, Reuse, Reuse, Reconnect)
	close(now)
	if err := p.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	<-served
}

// TestIdleConnections hold no buffer.
func TestIdleConnections(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector has a memory of its own")
	}
	const conns = 300
	l := scripted(t, 1, echo)
	path := listen(t, &Proxy{Pick: l.pick})
	use := func() uint64 {
		for range 3 { // what is pooled goes
			runtime.GC()
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc + m.StackInuse
	}
	before := use()
	peers := make([]*peer, conns)
	for i := range peers {
		peers[i] = dial(t, path)
		peers[i].send(get(1, flagKeep))
		peers[i].want(page(1, "ok"))
	}
	time.Sleep(10 * time.Millisecond)
	each := (int64(use()) - int64(before)) / conns
	t.Logf("%d bytes for a connection, the test's side included", each)
	if each > 12<<10 {
		t.Errorf("%d bytes for an idle connection, the test's side included", each)
	}
	runtime.KeepAlive(peers)
}
