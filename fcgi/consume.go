package fcgi

import (
	"net/http"
	"slices"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"
)

// read reads once and acts on it.
func (c *client) read() {
	buf := c.proxy.loop.in
	n, e := recv(c.fd, buf[headerLen:], 0)
	switch {
	case e == unix.EAGAIN:
	case e != 0:
		c.gone()
	case n > 0:
		c.consume(buf[:headerLen+n])
	case len(c.parser.streams) > 0 && c.local && !slices.ContainsFunc(c.parser.streams, incomplete):
		c.eof, c.closing = true, true
	default:
		c.gone()
	}
}

func incomplete(s *stream) bool { return !s.complete }

// consume acts on what was read into buf, behind headerLen free bytes.
func (c *client) consume(buf []byte) {
	p := &c.parser
	off := headerLen
	var run input  // input for one stream that has started
	var to *stream // that stream
	flush := func() {
		if to != nil {
			to.forward(run.records())
			to = nil
		}
	}
	for !c.broken {
		st, n, err := p.next(buf[off:])
		off += n
		if err != nil {
			flush()
			c.proxy.Log.Warn("client broke the protocol", zap.Error(err))
			c.unread = true
			c.giveUp(errGone)
			return
		}
		if st == stepMore {
			break
		}
		s := p.s
		if s != to || st == stepAbort || st == stepBody {
			flush()
		}
		switch st {
		case stepReply:
			c.note = append(c.note, p.reply...)
		case stepClose:
			c.note = append(c.note, p.reply...)
			c.unread = c.unread || off < len(buf)
			c.closing = true
		case stepHead:
			c.setTimer(timerNone, 0) // another head has its own time
			s.begin()
		case stepAbort:
			s.fail(errAborted)
		case stepBody:
			s.fail(errBody)
		case stepContent, stepEOF:
			from := off
			if st == stepContent {
				from -= p.size
			}
			if !s.started {
				if s.frame.add(p.w.kind, buf[from:off]) {
					break
				}
				if s.unsized() {
					s.conclude(&Refusal{Status: http.StatusLengthRequired, Reason: "a large body without CONTENT_LENGTH"})
					break
				}
				c.launch(s)
				if p.s != s { // it has ended
					break
				}
			}
			if to == nil {
				to = s
				run.reset(buf)
			}
			run.add(p.w.kind, s.id, from, off)
		}
	}
	flush()
	for i := 0; i < len(c.starting); {
		if s := c.starting[i]; s.unsized() && !s.complete {
			i++
		} else {
			c.launch(s)
		}
	}
}

// launch starts a stream.
func (c *client) launch(s *stream) {
	if i := slices.Index(c.starting, s); i >= 0 {
		c.starting = slices.Delete(c.starting, i, i+1)
		s.start()
	}
}

// leave ends a stream's place on the connection.
func (c *client) leave(s *stream) {
	c.unread = c.unread || !s.complete
	c.parser.finish(s)
	if i := slices.Index(c.starting, s); i >= 0 {
		c.starting = slices.Delete(c.starting, i, i+1)
	}
	if s.queued {
		if c.mid && c.line[0] == s { // what it has begun must be ended
			c.note = slices.Concat(s.resp.ready(), c.note)
			c.mid = false
		}
		c.line = slices.DeleteFunc(c.line, func(t *stream) bool { return t == s })
	}
	if !s.keep || c.proxy.closing {
		c.closing = true
	}
}
