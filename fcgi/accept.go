package fcgi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.uber.org/zap"
)

// ErrClosed is what Serve returns after Shutdown.
var ErrClosed = errors.New("proxy closed")

// Limits bounds what a client may send for one request. A zero field means the default.
type Limits struct {
	// MaxParams is the most bytes of parameters. Over it the answer is 431. Default 256 KiB.
	MaxParams int64
	// MaxBody is the most bytes of request body. Over it the answer is 413. Default 128 MiB.
	MaxBody int64
	// HeaderTimeout is how long the client may take from the first byte of a request to the end of its parameters. Over it the answer
	// is 408. Default 10 s.
	HeaderTimeout time.Duration
}

// Proxy relays FastCGI requests from web servers to workers. Its fields are set before Serve and not changed after. It must not be copied.
type Proxy struct {
	// Pick lends a worker for a request, or says why not. It may wait; when the client hangs up meanwhile, ctx is done, provided
	// that Pick has called ctx.Done, which costs something. A *Refusal becomes the client's answer, the error of ctx none, any other 502.
	Pick func(ctx context.Context, r *Request) (Upstream, error)
	// Limits bounds a request.
	Limits Limits
	// MaxConns is how many client connections are served at once; more wait in the kernel's accept queue, but for one of each listener. It
	// is told to clients that ask (FCGI_MAX_CONNS). Default 4096.
	MaxConns int
	// MaxReqs is how many requests can run at once, told to clients that ask (FCGI_MAX_REQS). Default MaxConns.
	MaxReqs int
	// Log may be nil.
	Log *zap.Logger
	// Stderr is told what a worker, lent as up, writes to STDERR, which the client never sees, as it comes, at most 64 KiB for one request. May be nil.
	Stderr func(r *Request, up Upstream, b []byte)
	// Account is called once for each request, when its answer is on its way. It is told why a request failed; nil means that this is logged.
	Account func(r *Request, res Result)

	once  sync.Once
	slots chan struct{} // one for each open client connection

	mu      sync.Mutex
	closing atomic.Bool               // set under mu
	ln      map[net.Listener]struct{} // guarded by mu
	clients map[*client]struct{}      // guarded by mu
	running sync.WaitGroup            // the goroutines of clients; Add is guarded by mu
}

// init fills in the defaults.
func (p *Proxy) init() {
	p.once.Do(func() {
		if p.Limits.MaxParams <= 0 {
			p.Limits.MaxParams = 256 << 10
		}
		if p.Limits.MaxBody <= 0 {
			p.Limits.MaxBody = 128 << 20
		}
		if p.Limits.HeaderTimeout <= 0 {
			p.Limits.HeaderTimeout = 10 * time.Second
		}
		if p.MaxConns <= 0 {
			p.MaxConns = 4096
		}
		if p.MaxReqs <= 0 {
			p.MaxReqs = p.MaxConns
		}
		if p.Log == nil {
			p.Log = zap.NewNop()
		}
		p.slots = make(chan struct{}, p.MaxConns)
		p.ln = make(map[net.Listener]struct{})
		p.clients = make(map[*client]struct{})
	})
}

// Serve accepts connections until Shutdown, and then returns ErrClosed, or until the listener fails for good. It owns the listener
// and closes it. Several listeners may be served at once. What Accept returns must come from package net.
func (p *Proxy) Serve(ln net.Listener) error {
	p.init()
	defer ln.Close()
	if !p.addListener(ln) {
		return ErrClosed
	}
	defer p.removeListener(ln)
	pause := time.Duration(0)
	for {
		conn, err := ln.Accept()
		if err == nil {
			pause = 0
			p.slot(ln)
			p.welcome(conn)
			continue
		}
		switch {
		case p.closing.Load():
			return ErrClosed
		case errors.Is(err, syscall.ECONNABORTED):
		case transient(err):
			// Other connections go on, and when they close there is room again.
			if pause == 0 {
				p.Log.Error("accept paused", zap.Stringer("listen", ln.Addr()), zap.Error(err))
			}
			pause = min(max(2*pause, 10*time.Millisecond), time.Second)
			time.Sleep(pause)
		default:
			return fmt.Errorf("accept %s: %w", ln.Addr(), err)
		}
	}
}

// transient says whether accept may succeed later.
func transient(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ENOBUFS, syscall.EINTR} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// slot waits until one more connection may be served.
func (p *Proxy) slot(ln net.Listener) {
	select {
	case p.slots <- struct{}{}:
	default:
		p.Log.Warn("connection limit reached", zap.Stringer("listen", ln.Addr()), zap.Int("max_conns", p.MaxConns))
		p.slots <- struct{}{}
	}
}

// welcome starts the goroutine that owns a client's connection, and gives it the slot.
func (p *Proxy) welcome(conn net.Conn) {
	c, err := newClient(p, conn)
	if err != nil {
		p.Log.Error("connection refused", zap.Error(err))
		_ = conn.Close()
		<-p.slots
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closing.Load() {
		_ = conn.Close()
		<-p.slots
		return
	}
	p.clients[c] = struct{}{}
	p.running.Add(1)
	go c.serve()
}

// farewell is the end of a client's goroutine.
func (p *Proxy) farewell(c *client) {
	p.mu.Lock()
	delete(p.clients, c)
	p.mu.Unlock()
	if c.over {
		clients.Put(c)
	}
	<-p.slots
	p.running.Done()
}

func (p *Proxy) addListener(ln net.Listener) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closing.Load() {
		return false
	}
	p.ln[ln] = struct{}{}
	return true
}

func (p *Proxy) removeListener(ln net.Listener) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.ln, ln)
}

// Shutdown stops accepting, closes idle connections, lets requests finish and closes their connections behind them. When ctx is done it
// breaks what is left. It returns when no goroutine of the Proxy is left but those in Serve and Pick's own, with the error of ctx if that was why.
func (p *Proxy) Shutdown(ctx context.Context) error {
	p.init()
	p.mu.Lock()
	p.closing.Store(true)
	for ln := range p.ln {
		_ = ln.Close()
	}
	for c := range p.clients {
		c.nudge()
	}
	p.mu.Unlock()

	gone := make(chan struct{})
	go func() {
		p.running.Wait()
		close(gone)
	}()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	for c := range p.clients {
		c.fail(0, errShutdown)
		_ = c.nc.Close()
	}
	p.mu.Unlock()
	<-gone
	return ctx.Err()
}
