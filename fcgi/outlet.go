package fcgi

import (
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// offer puts a stream in line if it has something ready for the client.
func (c *client) offer(s *stream) {
	if !s.queued && len(s.resp.ready()) > 0 {
		s.queued = true
		c.line = append(c.line, s)
	}
}

// write writes what there is and fits. Records are never mixed: a stream whose record is begun goes on first.
func (c *client) write() {
	for !c.blocked && !c.closed {
		switch {
		case len(c.line) > 0 && (c.mid || len(c.note) == 0):
			c.writeStream(c.line[0])
		case len(c.note) > 0:
			n, e := send(c.fd, c.note)
			c.note = c.note[:copy(c.note, c.note[n:])]
			if e != 0 {
				c.full(e)
			}
		default:
			return
		}
	}
}

// writeStream writes what the first in line has ready.
func (c *client) writeStream(s *stream) {
	b := s.resp.ready()
	n, e := send(c.fd, b)
	s.resp.took(n)
	s.begun = s.begun || n > 0
	if n < len(b) {
		c.mid = c.mid || n > 0
		c.full(e)
		return
	}
	c.mid, s.queued = false, false
	c.line = slices.Delete(c.line, 0, 1)
	if s.resp.ended {
		s.done()
	} else {
		s.await()
	}
}

// full waits for room, or takes it that the client has gone.
func (c *client) full(e syscall.Errno) {
	if e == unix.EAGAIN {
		c.blocked = true
		return
	}
	c.gone()
}

// breakOff ends an answer that cannot be completed so that the client notices. A close alone does not do: nginx takes it for the end of a
// whole answer where it does not keep connections, and also where it does but fastcgi_buffering is off. A record of another version is an error
// to it always. It is a whole header, because HAProxy waits for the rest of a piece of one and does not see the close; and all of it is zero, so that
// it means nothing either to a client that does not look at the version. Other requests on the same connection end with it.
func (c *client) breakOff(s *stream) {
	s.done()
	c.giveUp(errGone)
	c.note = append(c.note, make([]byte, headerLen)...)
}
