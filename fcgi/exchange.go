package fcgi

import (
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// patience is how long a worker may take before somebody starts to watch the client. Most requests are over by then.
	patience = 40 * time.Millisecond
	// flushAt is how much of an answer is put together, while there is more to read, before it is written.
	flushAt = 64 << 10
)

// errStale is the fault of a connection on which nothing could be sent.
var errStale = errors.New("stale connection")

// clientError wraps an error of writing to the client.
type clientError struct{ error }

// exchange sends the head and reads the answer, until the end or a fault.
//
// It all happens in one call of RawConn.Read, because that is what saves system calls: waiting there for the answer needs no
// read that is tried in vain before, and no readiness that comes after the call began is lost, so that the head can be written first.
func (c *client) exchange(w *Conn) {
	now := time.Now()
	c.res.Began = now
	// A deadline that was set for an earlier request does as well, if it leaves some time.
	if left := w.wakeAt.Sub(now); left < patience/2 || left > 2*patience {
		w.wakeAt = now.Add(patience)
		_ = w.SetReadDeadline(w.wakeAt)
	}
	for {
		if c.failed() {
			return
		}
		err := w.raw.Read(c.answerable)
		if err == nil {
			return
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			c.fault = err
			return
		}
		w.wakeAt = time.Time{}
		_ = w.SetReadDeadline(w.wakeAt)
		c.mu.Lock()
		c.startPump(true)
		c.mu.Unlock()
	}
}

// onAnswer is called when the exchange begins and whenever the worker's connection becomes readable.
func (c *client) onAnswer(fd uintptr) bool {
	if !c.sent {
		return c.send(fd)
	}
	for {
		b := c.resp.space()
		n, e := recv(fd, b, 0)
		switch {
		case e == unix.EAGAIN:
			return !c.flush()
		case e != 0:
			c.fault = os.NewSyscallError("recv", e)
		case n == 0:
			c.fault = io.ErrUnexpectedEOF
		default:
			c.fault = c.resp.advance(n)
		}
		if c.fault != nil || c.resp.ended {
			return true
		}
		if len(c.resp.ready()) >= flushAt && !c.flush() {
			return true
		}
	}
}

// send sends the head, if the connection is as it should be: open and silent.
func (c *client) send(fd uintptr) bool {
	var one [1]byte
	switch n, e := recv(fd, one[:], unix.MSG_PEEK); {
	case e == unix.EAGAIN:
	case e == 0 && n > 0:
		c.fault = violation("bytes that nobody asked for")
		return true
	default:
		c.fault = errStale
		return true
	}
	head := c.parser.frame.out
	n, e := send(fd, head)
	if e != 0 && e != unix.EAGAIN {
		c.fault = errStale
		if n > 0 {
			c.fault = os.NewSyscallError("send", e)
			c.sent = true
		}
		return true
	}
	c.sent = true
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begins, c.rest = true, head[n:]
	if len(c.rest) == 0 {
		c.whole = c.headWhole
	}
	if c.pumping {
		_ = c.nc.SetReadDeadline(past)
	} else if len(c.rest) > 0 || !c.headWhole || c.in != nil {
		c.startPump(false)
	}
	return false
}

// flush writes what is ready. It is false if the client does not take it.
func (c *client) flush() bool {
	b := c.resp.ready()
	if len(b) == 0 {
		return true
	}
	c.begun = true
	if err := c.out.write(b); err != nil {
		c.fault = clientError{err}
		return false
	}
	c.resp.took()
	return true
}
