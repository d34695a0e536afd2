package fcgi

import (
	"net/http"
	"slices"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"
)

const (
	// patience is how long a connection that will not be used again goes unwatched while its request runs. Most requests are over by then.
	patience = 40 * time.Millisecond
	// stall is how long a client may take to read something of its answers.
	stall = time.Minute
	// grace is how long a client may take to read the end of an answer that is broken off.
	grace = 2 * time.Second
	// lingering is how long a client may take to close a connection of which our side is closed.
	lingering = time.Second
	// maxNote is how much of our own answers may wait for a client that does not read them before it is not read from any more.
	maxNote = 64 << 10
)

// client is one connection of a web server. The loop's thread owns it.
type client struct {
	proxy    *Proxy
	fd       int
	local    bool // a unix socket: a half-close can be told from a close
	parser   parser
	starting []*stream // their heads are complete, and more of them may come before they start

	// What is to be written: the rest of a record, if mid; then note; then what the streams in line have ready.
	line    []*stream
	note    []byte // whole records of our own
	mid     bool   // the first in line is in the middle of a record
	blocked bool   // until there is room

	known   bool   // registered in the loop
	mask    uint32 // for these events
	watched bool   // to be registered although it seems not worth it
	eof     bool   // the client has closed its side, having said everything
	halved  bool   // the client has closed its side, perhaps not having said everything
	closing bool   // to be closed when nothing runs and all is written
	broken  bool   // nothing that comes matters any more
	unread  bool   // something of what it sent was not read
	shut    bool   // our side is closed, the client's is waited for
	closed  bool

	timer   timer
	timerAt int // in the loop's timers
	due     time.Time
}

// newClient takes a connection over.
func (p *Proxy) newClient(fd int, local bool) *client {
	l := p.loop
	var c *client
	if n := len(l.clients); n > 0 {
		c, l.clients = l.clients[n-1], l.clients[:n-1]
	} else {
		c = new(client)
		c.parser.open = c.newStream
	}
	q := &c.parser
	*c = client{proxy: p, fd: fd, local: local, note: c.note[:0], line: c.line[:0], starting: c.starting[:0],
		parser: parser{limits: &p.Limits, maxConns: p.MaxConns, maxReqs: p.MaxReqs, open: q.open, reply: q.reply[:0], query: q.query[:0], streams: q.streams[:0]}}
	return c
}

// event implements handler.
func (c *client) event(mask uint32) {
	switch {
	case c.shut:
		c.discard()
		return
	case mask&(unix.EPOLLHUP|unix.EPOLLERR) != 0:
		c.gone()
		return
	}
	if mask&unix.EPOLLOUT != 0 {
		c.blocked = false
		if c.timer == timerStall {
			c.setTimer(timerNone, 0)
		}
	}
	switch {
	case mask&unix.EPOLLIN != 0 && c.mask&unix.EPOLLIN != 0:
		c.read()
	case mask&unix.EPOLLRDHUP != 0:
		// Not asked to read: it has closed its side before we have read all it said.
		if c.halved = true; !c.local {
			c.gone()
			return
		}
	}
	c.settle()
}

// settle says what the connection waits for next. It is called when everything was done that an event has asked for.
func (c *client) settle() {
	if c.closed || c.shut {
		return
	}
	c.write()
	if c.closed {
		return
	}
	streams := c.parser.streams
	if len(streams) == 0 && !c.blocked && (c.closing || c.proxy.closing && c.parser.idle()) {
		c.close()
		return
	}
	lazy := !c.known && !c.watched && !c.blocked && len(streams) == 1 && streams[0].started && streams[0].complete && !streams[0].keep
	switch {
	case c.broken:
		c.setTimer(timerGrace, grace)
	case c.blocked && len(streams) == 0:
		// It is told only what it has asked for without a request, and asks for more.
		c.setTimer(timerStall, c.proxy.Limits.HeaderTimeout)
	case c.parser.late() || len(c.starting) > 0:
		c.setTimer(timerHead, c.proxy.Limits.HeaderTimeout)
	case c.blocked:
		c.setTimer(timerStall, stall)
	case lazy:
		c.setTimer(timerWatch, patience)
		return
	default:
		c.setTimer(timerNone, 0)
	}
	mask := uint32(0)
	if c.blocked {
		mask |= unix.EPOLLOUT
	}
	if !c.eof && !c.broken {
		if len(c.note) < maxNote && !slices.ContainsFunc(streams, waiting) {
			mask |= unix.EPOLLIN
		}
		if !c.halved {
			mask |= unix.EPOLLRDHUP
		}
	}
	c.wait(mask)
}

// waiting says whether input of a stream waits: then no more is read.
func waiting(s *stream) bool { return len(s.backlog) > 0 }

// wait registers for events.
func (c *client) wait(mask uint32) {
	l := c.proxy.loop
	switch {
	case !c.known:
		if err := l.register(c.fd, c, mask); err != nil {
			c.proxy.Log.Error("client connection", zap.Error(err))
			c.gone()
			return
		}
		c.known = true
	case mask != c.mask:
		l.modify(c.fd, mask)
	}
	c.mask = mask
}

// late answers a client that did not complete a request's head in time, nor a body of unknown length.
func (c *client) late() {
	for _, s := range slices.Clone(c.parser.streams) {
		if !s.started {
			c.proxy.Log.Warn("request refused", zap.Int("status", http.StatusRequestTimeout), zap.String("reason", "not complete in time"))
			c.note = appendAnswer(c.note, s.id, http.StatusRequestTimeout, 0)
			s.done()
		}
	}
	c.closing, c.unread = true, true
	c.settle()
}
