package fcgi

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
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
	// Loop is the thread that does the Proxy's I/O and calls its hooks, which must not block. Several Proxies may share one. Nil means one of
	// its own, from the first Serve to the end of Shutdown.
	Loop *Loop
	// Pick lends a worker for a request, or a place in the queue for one, or says why it gets none; two of the three are nil. A request that waits is
	// told by its Handle what comes of it. A *Refusal becomes the client's answer, any other error 502.
	Pick func(r *Request) (Upstream, Waiter, error)
	// Limits bounds a request.
	Limits Limits
	// MaxConns is how many client connections are served at once; more wait in the kernel's accept queue. It is told to clients that ask
	// (FCGI_MAX_CONNS). Default 4096.
	MaxConns int
	// MaxReqs is how many requests can run at once, told to clients that ask (FCGI_MAX_REQS). Default MaxConns.
	MaxReqs int
	// NeedLength says that workers read as much of a body as CONTENT_LENGTH says, as php-cgi does, and nothing without it. A body that comes without
	// (chunked, through a web server that does not collect it) is then collected, and its length added; one of more than about 100 KB is answered with 411.
	NeedLength bool
	// Log may be nil.
	Log *zap.Logger
	// Stderr is told what a worker, lent as up, writes to STDERR, which the client never sees, as it comes, at most 64 KiB for one request. May be nil.
	Stderr func(r *Request, up Upstream, b []byte)
	// Account is called once for each request, when its answer is written or given up. It is told why a request failed; nil means that this is logged.
	Account func(r *Request, res Result)

	once     sync.Once
	err      error // of making a Loop
	loop     *Loop
	gone     chan struct{} // closed when a shutdown has ended
	accepted atomic.Uint64

	// The loop's thread owns these.
	closing   bool
	habit     habit
	listeners map[*listener]struct{}
	clients   map[*client]struct{}
	accept    func(fd int) (int, error)
}

// init fills in the defaults.
func (p *Proxy) init() error {
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
		if p.accept == nil {
			p.accept = accept
		}
		p.gone = make(chan struct{})
		p.listeners = make(map[*listener]struct{})
		p.clients = make(map[*client]struct{})
		if p.loop = p.Loop; p.loop == nil {
			p.loop, p.err = NewLoop(p.Log)
		}
	})
	return p.err
}

// Listener is a socket that listens for web servers.
type Listener struct {
	// File is the socket, unix or TCP. Serve takes it over and makes it non-blocking, for all who share it. A file that Go's own poller knows would cost a
	// wake-up for each connection.
	File *os.File
	// Allow judges the address of a TCP client. Nil allows all.
	Allow func(netip.Addr) bool
}

// Serve accepts connections until Shutdown, and then returns ErrClosed, or until the listener fails for good. Several listeners may be served
// at once.
func (p *Proxy) Serve(ln Listener) error {
	fd, err := ownFD(ln.File)
	if err != nil {
		return fmt.Errorf("listener: %w", err)
	}
	if err := p.init(); err != nil {
		closeFD(fd)
		return err
	}
	l := &listener{proxy: p, fd: fd, allow: ln.Allow, over: make(chan error, 1)}
	if !p.loop.post(task{kind: taskListen, proxy: p, listener: l}) {
		closeFD(fd)
		return ErrClosed
	}
	return <-l.over
}

// Accepted is how many client connections were taken over since the Proxy began. It may be called at any time.
func (p *Proxy) Accepted() uint64 { return p.accepted.Load() }

// Shutdown stops accepting, closes idle connections, lets requests finish and closes their connections behind them. When ctx is done it
// breaks what is left. It returns when no connection is left, with the error of ctx if that was why. It is called once.
func (p *Proxy) Shutdown(ctx context.Context) error {
	if err := p.init(); err != nil {
		return err
	}
	p.loop.post(task{kind: taskClose, proxy: p})
	var err error
	select {
	case <-p.gone:
	case <-ctx.Done():
		err = ctx.Err()
		p.loop.post(task{kind: taskBreak, proxy: p})
		<-p.gone
	}
	if p.Loop == nil {
		p.loop.Close()
	}
	return err
}

// wind begins a shutdown.
func (p *Proxy) wind() {
	p.closing = true
	for l := range p.listeners {
		l.close(ErrClosed)
	}
	for c := range p.clients {
		c.settle()
	}
	p.check()
}

// breakAll ends what a shutdown waits for no longer.
func (p *Proxy) breakAll() {
	for c := range p.clients {
		c.giveUp(errShutdown)
		c.write()
		c.destroy()
	}
}

// welcome takes over a connection and reads what is there: mostly the whole request.
func (p *Proxy) welcome(fd int, local bool) {
	p.accepted.Add(1)
	c := p.newClient(fd, local)
	p.clients[c] = struct{}{}
	p.loop.guard((*newcomer)(c), 0)
}

// newcomer is a client whose connection was just accepted.
type newcomer client

// event implements handler.
func (n *newcomer) event(uint32) {
	c := (*client)(n)
	if c.read(); !c.closed {
		c.settle()
	}
}

// crashed implements handler.
func (n *newcomer) crashed() { (*client)(n).crashed() }

// farewell is the end of a client's connection.
func (p *Proxy) farewell(c *client) {
	delete(p.clients, c)
	if len(c.parser.streams) == 0 && len(p.loop.clients) < maxFree {
		p.loop.clients = append(p.loop.clients, c)
	}
	if len(p.clients) == p.MaxConns-1 {
		for l := range p.listeners {
			l.resume()
		}
	}
	p.check()
}

// check ends a shutdown when nothing is left.
func (p *Proxy) check() {
	if p.closing && len(p.clients) == 0 {
		select {
		case <-p.gone:
		default:
			close(p.gone)
		}
	}
}
