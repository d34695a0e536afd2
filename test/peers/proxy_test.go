//go:build integration

package peers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"jpm/fcgi"
)

// workers lends connections to worker processes, of which each has one at a time, and remembers what became of them.
type workers struct {
	pids  map[string]int // by the paths of their sockets
	free  chan string    // paths of workers without a connection
	once  bool           // a connection is used for one request: the worker closes it then, and it is not known when
	slots chan struct{}  // one for each worker that is not lent

	mu      sync.Mutex
	lent    map[*loan]bool // guarded by mu
	idle    []*loan        // guarded by mu: connections that can be used again
	results []fcgi.Result  // guarded by mu: of Done
	scripts []string       // guarded by mu: that were asked for
	stderr  bytes.Buffer   // guarded by mu
}

// loan is a connection to a worker while a request has it.
type loan struct {
	w      *workers
	socket string
	conn   *fcgi.Conn
	fresh  bool
}

func (l *loan) Conn() *fcgi.Conn { return l.conn }
func (l *loan) Fresh() bool      { return l.fresh }

func (l *loan) Done(r fcgi.Result) {
	w := l.w
	w.mu.Lock()
	w.results = append(w.results, r)
	delete(w.lent, l)
	if r.Outcome == fcgi.Reuse && w.once {
		_ = l.conn.Close()
	}
	if r.Outcome == fcgi.Reuse && !w.once {
		w.idle = append(w.idle, l)
	} else {
		w.free <- l.socket
	}
	w.mu.Unlock()
	w.slots <- struct{}{}
}

// lend makes workers of the processes that listen on these sockets.
func lend(t *testing.T, pids map[string]int) *workers {
	t.Helper()
	w := &workers{pids: pids, free: make(chan string, len(pids)), slots: make(chan struct{}, len(pids)), lent: map[*loan]bool{}}
	for p := range pids {
		w.free <- p
		w.slots <- struct{}{}
	}
	t.Cleanup(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, l := range w.idle {
			_ = l.conn.Close()
		}
	})
	return w
}

// place is a request that waits for a slot.
type place struct {
	w       *workers
	mu      sync.Mutex
	left    chan struct{} // closed under mu
	granted *loan         // guarded by mu
}

// Leave implements fcgi.Waiter.
func (p *place) Leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.left)
	if p.granted != nil { // at the same moment
		p.w.takeBack(p.granted)
	}
}

// wait grants what the request waits for.
func (p *place) wait(h fcgi.Handle) {
	select {
	case <-p.w.slots:
	case <-p.left:
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.left:
		p.w.slots <- struct{}{}
		return
	default:
	}
	l, err := p.w.lend()
	if err != nil {
		h.Grant(nil, err)
		return
	}
	p.granted = l
	h.Grant(l, nil)
}

// takeBack ends a loan that was never used.
func (w *workers) takeBack(l *loan) {
	w.mu.Lock()
	delete(w.lent, l)
	w.idle = append(w.idle, l)
	w.mu.Unlock()
	w.slots <- struct{}{}
}

// pick is for fcgi.Proxy.
func (w *workers) pick(r *fcgi.Request) (fcgi.Upstream, fcgi.Waiter, error) {
	w.mu.Lock()
	w.scripts = append(w.scripts, r.Script())
	w.mu.Unlock()
	select {
	case <-w.slots:
	default:
		p := &place{w: w, left: make(chan struct{})}
		go p.wait(r.Handle())
		return nil, p, nil
	}
	l, err := w.lend()
	if err != nil {
		return nil, nil, err
	}
	return l, nil, nil
}

// lend gives a connection to a worker. The caller has a slot.
func (w *workers) lend() (*loan, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.idle); n > 0 {
		l := w.idle[n-1]
		w.idle = w.idle[:n-1]
		w.lent[l] = true
		l.fresh = false
		return l, nil
	}
	socket := <-w.free
	c, err := net.Dial("unix", socket)
	if err == nil {
		var conn *fcgi.Conn
		if conn, err = fcgi.NewConn(c); err == nil {
			l := &loan{w: w, socket: socket, conn: conn, fresh: true}
			w.lent[l] = true
			return l, nil
		}
	}
	w.free <- socket
	w.slots <- struct{}{}
	return nil, err
}

// outcomes are what became of the workers so far.
func (w *workers) outcomes() []fcgi.Outcome {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []fcgi.Outcome
	for _, r := range w.results {
		all = append(all, r.Outcome)
	}
	return all
}

// wantNoHarm fails the test if a worker was lost or misunderstood.
func (w *workers) wantNoHarm(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.results {
		if r.Outcome == fcgi.Lost || r.Outcome == fcgi.Violation {
			t.Errorf("a worker was found %v: %v", r.Outcome, r.Err)
		}
	}
}

// asked are the scripts that were asked for, each once.
func (w *workers) asked() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Compact(slices.Sorted(slices.Values(w.scripts)))
}

// requests is how many requests have been given to pick.
func (w *workers) requests() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.scripts)
}

// busy waits until one worker is lent and its script rests, and returns its pid.
func (w *workers) busy(t *testing.T) (pid int) {
	t.Helper()
	eventually(t, "a worker works", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		for l := range w.lent {
			pid = w.pids[l.socket]
		}
		return len(w.lent) == 1 && rests(pid)
	})
	return pid
}

// rests reports whether pid is in nanosleep(2) or clock_nanosleep(2), by their numbers on amd64 and arm64.
func rests(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", pid))
	number, _, _ := strings.Cut(string(b), " ")
	return err == nil && slices.Contains([]string{"35", "230", "101", "115"}, number)
}

// php starts php-cgi processes.
func php(t *testing.T, n int) *workers {
	t.Helper()
	need(t, "php-cgi")
	dir, pids := openDir(t), map[string]int{}
	for i := range n {
		socket := socketPath(dir, i)
		pids[socket] = phpWorker(t, socket)
	}
	return lend(t, pids)
}

// phpWorker starts one php-cgi on a socket, and returns its pid.
func phpWorker(t *testing.T, socket string) int {
	t.Helper()
	f := listener(t, socket)
	cmd, _ := start(t, f, []string{"PHP_FCGI_MAX_REQUESTS=0"}, "php-cgi", "-n", "-d", "post_max_size=64M", "-d", "upload_max_filesize=64M")
	_ = f.Close()
	return cmd.Process.Pid
}

// relay is a running fcgi.Proxy.
type relay struct {
	unix, tcp string // its two addresses
	proxy     *fcgi.Proxy
	logs      *observer.ObservedLogs
	account   chan account // of every request, with room for all of a test
}

// serve relays to workers until the end of the test, and then fails it if anything was logged as failed.
func serve(t *testing.T, w *workers) *relay {
	t.Helper()
	core, logs := observer.New(zap.WarnLevel)
	r := &relay{unix: openDir(t) + "/fcgi.sock", logs: logs, account: make(chan account, 10_000)}
	p := &fcgi.Proxy{
		Pick: w.pick, Log: zap.New(core), NeedLength: true,
		Account: func(req *fcgi.Request, res fcgi.Result) { r.account <- account{req.Script(), res} },
		Stderr: func(_ *fcgi.Request, _ fcgi.Upstream, b []byte) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.stderr.Write(b)
		},
	}
	u, err := net.Listen("unix", r.unix)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(r.unix, 0o666); err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.tcp = tcp.Addr().String()
	var running sync.WaitGroup
	r.proxy = p
	for _, ln := range []net.Listener{u, tcp} {
		f, err := ln.(interface{ File() (*os.File, error) }).File()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = ln.Close() })
		running.Go(func() {
			if err := p.Serve(fcgi.Listener{File: f}); !errors.Is(err, fcgi.ErrClosed) {
				t.Errorf("Serve = %v, want ErrClosed", err)
			}
		})
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = p.Shutdown(ctx)
		running.Wait()
		for _, e := range logs.All() {
			t.Errorf("logged: %s %v", e.Message, e.ContextMap())
		}
	})
	return r
}

// accounted waits for the next result of a request for a script of this name.
func (r *relay) accounted(t *testing.T, name string) fcgi.Result {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case a := <-r.account:
			if path.Base(a.script) == path.Base(name) {
				return a.Result
			}
		case <-deadline:
			t.Fatalf("no request for %s has ended within %v", name, patience)
		}
	}
}

// account is what is told of a request when it is over.
type account struct {
	script string
	fcgi.Result
}
