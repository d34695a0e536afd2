package fcgi

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"
)

// client is one connection of a web server. The goroutine in serve owns it. While a request is with a worker and something may come
// from the client, a second goroutine, pump, runs and then owns the fields under "input", until stopPump has waited for it.
type client struct {
	proxy *Proxy
	nc    net.Conn
	raw   syscall.RawConn
	local bool // a unix socket: a half-close can be told from a close
	out   outlet

	// Input.
	in        *buffer // nil while there is nothing in it
	off, end  int     // in[off:end] is still to be parsed; reads begin at headerLen, see type input
	parser    parser
	stdin     input
	readErr   error // by onReadable
	whole     bool  // the end of the request has been written to the worker
	headWhole bool  // the head that is sent includes the end of the request

	// The request in hand, owned by serve.
	req     Request
	resp    response
	res     Result
	sent    bool     // the head was sent to the worker, at least in part
	begun   bool     // the client has got a piece of the answer
	lent    Upstream // until it is given back
	over    bool     // everything is as newClient wants it
	fault   error    // why the exchange with the worker ended
	stderr  func([]byte)
	answer  []byte
	pumped  chan struct{} // the pump has ended
	unread  bool          // the last request was not complete when it was over
	headEnd time.Time     // when HeaderTimeout is over, zero while no request is being read

	readable, answerable, hup func(uintptr) bool // the methods of these names, bound once
	pumpMain                  func()

	mu      sync.Mutex
	ctx     *pickContext // guarded by mu
	seq     uint64       // guarded by mu: grows with each attempt; never starts again
	active  bool         // guarded by mu: a request may fail
	cause   error        // guarded by mu: why it has failed
	picking bool         // guarded by mu: Pick runs
	worker  *Conn        // guarded by mu: the worker that is in use
	begins  bool         // guarded by mu: the head was sent, what comes behind it may follow
	rest    []byte       // guarded by mu: the part of the head that did not fit; the pump writes it
	pumping bool         // guarded by mu: the pump was started and not waited for
	watch   bool         // guarded by mu: the pump goes on when the request is complete
	stop    bool         // guarded by mu: the pump is to end, and is waited for
	idle    bool         // guarded by mu: between two requests
}

var clients = sync.Pool{New: func() any {
	c := &client{pumped: make(chan struct{}, 1), seq: 1}
	c.readable, c.answerable, c.hup = c.onReadable, c.onAnswer, c.onHup
	c.pumpMain = c.pump
	c.req.client = c
	c.stderr = func(b []byte) {
		if hook := c.proxy.Stderr; hook != nil {
			hook(&c.req, c.lent, b)
		}
	}
	return c
}}

// newClient takes a connection over, unless it fails.
func newClient(p *Proxy, nc net.Conn) (*client, error) {
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return nil, fmt.Errorf("client connection: %T has no descriptor", nc)
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("client connection: %w", err)
	}
	c := clients.Get().(*client)
	c.proxy, c.nc, c.raw = p, nc, raw
	_, c.local = nc.(*net.UnixConn)
	c.out.open(raw)
	c.parser = parser{limits: &p.Limits, maxConns: p.MaxConns, maxReqs: p.MaxReqs, reply: c.parser.reply[:0], query: c.parser.query[:0]}
	c.headEnd, c.unread, c.over = time.Time{}, false, false
	return c, nil
}

// serve owns the connection until it is closed. A panic costs this connection only.
func (c *client) serve() {
	p := c.proxy
	defer p.farewell(c)
	defer func() {
		if v := recover(); v != nil {
			p.Log.Error("panic in a connection", zap.Any("panic", v), zap.Stack("stack"))
			c.abandon()
		}
	}()
	for c.next() {
		if !c.handle() {
			break
		}
	}
	c.close()
	c.over = true
}

// abandon is what can still be done after a panic.
func (c *client) abandon() {
	c.settle()
	if c.lent != nil {
		c.res = Result{Outcome: Lost, Err: errPanic}
		c.giveBack(c.lent)
	}
	_ = c.nc.Close()
}

// close gives everything back.
func (c *client) close() {
	unread := c.unread || c.off < c.end || !c.parser.w.between() || c.parser.active
	if c.in != nil {
		putBuffer(c.in)
		c.in, c.off, c.end = nil, 0, 0
	}
	c.parser.finish()
	if c.local && !unread {
		_ = c.nc.Close()
	} else {
		linger(c.nc)
	}
}

// next reads until the head of a request is complete, or refused, and answers what else comes. It is false when the connection is over.
func (c *client) next() bool {
	for {
		for {
			st, n, err := c.parser.next(c.pending())
			c.off += n
			if err != nil {
				c.proxy.Log.Warn("client broke the protocol", zap.Error(err))
				return false
			}
			if st == stepMore {
				break
			}
			switch st {
			case stepHead:
				return true
			case stepReply, stepClose:
				if !c.reply() || st == stepClose {
					return false
				}
			case stepAbort: // before its parameters are complete
				if !c.reset() {
					return false
				}
			}
		}
		c.drop()
		if !c.await() {
			return false
		}
	}
}

// pending is what has been read and not parsed.
func (c *client) pending() []byte {
	if c.in == nil {
		return nil
	}
	return c.in[c.off:c.end]
}

// drop gives the input buffer back when everything in it was parsed.
func (c *client) drop() {
	if c.in != nil && c.off == c.end {
		putBuffer(c.in)
		c.in, c.off, c.end = nil, 0, 0
	}
}

// await waits for bytes between requests or within a head. It is false when the connection is over.
func (c *client) await() bool {
	resting := c.parser.idle()
	switch {
	case resting && !c.headEnd.IsZero():
		c.headEnd = time.Time{}
		_ = c.nc.SetReadDeadline(c.headEnd)
	case !resting && c.headEnd.IsZero():
		c.headEnd = time.Now().Add(c.proxy.Limits.HeaderTimeout)
		_ = c.nc.SetReadDeadline(c.headEnd)
	}
	if resting && !c.settled() {
		return false
	}
	for {
		err := c.fill()
		switch {
		case err == nil:
			c.mu.Lock()
			c.idle = false
			c.mu.Unlock()
			return true
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return false
		case resting:
			if c.proxy.closing.Load() {
				return false
			}
			_ = c.nc.SetReadDeadline(time.Time{}) // somebody's nudge came late
		case time.Now().Before(c.headEnd):
			_ = c.nc.SetReadDeadline(c.headEnd)
		default:
			c.late()
			return false
		}
	}
}

// onReadable reads into the input buffer, which it takes from the pool only when there is something to read.
func (c *client) onReadable(fd uintptr) bool {
	if c.in == nil {
		c.in = getBuffer()
	}
	n, e := recv(fd, c.in[headerLen:], 0)
	switch {
	case e == unix.EAGAIN:
		putBuffer(c.in)
		c.in = nil
		return false
	case e != 0:
		c.readErr = e
	case n == 0:
		c.readErr = io.EOF
	default:
		c.off, c.end = headerLen, headerLen+n
	}
	return true
}

// fill waits for bytes from the client. All there were must have been parsed. The error may be os.ErrDeadlineExceeded, by a time-out or by
// somebody who wants to be noticed.
func (c *client) fill() error {
	c.off, c.end, c.readErr = headerLen, headerLen, nil
	if err := c.raw.Read(c.readable); err != nil {
		return err
	}
	return c.readErr
}

// settled notes that the connection is idle. It is false when it is to be closed instead.
func (c *client) settled() bool {
	c.mu.Lock()
	c.idle = true
	c.mu.Unlock()
	return !c.proxy.closing.Load()
}

// nudge wakes the connection if it is idle.
func (c *client) nudge() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.idle {
		_ = c.nc.SetReadDeadline(past)
	}
}

// reply writes the parser's answer.
func (c *client) reply() bool {
	_ = c.nc.SetWriteDeadline(time.Now().Add(c.proxy.Limits.HeaderTimeout))
	err := c.out.write(c.parser.reply)
	_ = c.nc.SetWriteDeadline(time.Time{})
	return err == nil
}

// reset answers an ABORT_REQUEST for a request that no worker has seen.
func (c *client) reset() bool {
	c.parser.reply = appendEnd(c.parser.reply[:0], c.parser.id, 0, statusComplete)
	keep := c.parser.keep
	c.parser.finish()
	return c.reply() && keep
}

// late answers a client that did not complete its parameters in time.
func (c *client) late() {
	if !c.parser.active {
		return
	}
	c.proxy.Log.Warn("request refused", zap.Int("status", http.StatusRequestTimeout), zap.String("reason", "parameters are not complete in time"))
	c.parser.reply = appendAnswer(c.parser.reply[:0], c.parser.id, http.StatusRequestTimeout, 0)
	c.reply()
}
