package fcgi

import (
	"errors"
	"io"
	"os"
	"time"

	"go.uber.org/zap"
)

// startPump starts the goroutine that reads from the client while a request is with a worker: it passes the rest of the input on, answers
// management records, and notices when the client hangs up or aborts. With watch it goes on when the request is complete. c.mu is held.
func (c *client) startPump(watch bool) {
	c.watch = c.watch || watch
	if !c.pumping && !c.stop {
		c.pumping = true
		go c.pumpMain()
	}
}

// stopPump makes the pump end and waits for it.
func (c *client) stopPump() {
	c.mu.Lock()
	running, worker := c.pumping, c.worker
	c.stop, c.watch = running, false
	c.mu.Unlock()
	if !running {
		return
	}
	_ = c.nc.SetDeadline(past)
	if worker != nil {
		_ = worker.SetWriteDeadline(past)
	}
	<-c.pumped
	_ = c.nc.SetDeadline(time.Time{})
	if worker != nil {
		_ = worker.SetWriteDeadline(time.Time{})
	}
	c.mu.Lock()
	c.stop = false
	c.mu.Unlock()
}

// leave is the end of the pump, unless it is only what it wants and somebody needs it to watch.
func (c *client) leave(must bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !must && c.watch && !c.stop {
		return false
	}
	c.pumping = false
	if c.stop {
		c.pumped <- struct{}{}
	}
	return true
}

// pump is the goroutine.
func (c *client) pump() {
	defer func() {
		if v := recover(); v != nil {
			c.proxy.Log.Error("panic in a connection", zap.Any("panic", v), zap.Stack("stack"))
			c.fail(0, errPanic)
			c.leave(true)
		}
	}()
	for {
		over, err := c.forward()
		if err != nil {
			c.fail(0, err)
		}
		if over || err != nil {
			break
		}
		if c.parser.complete && c.leave(false) {
			return
		}
		c.drop()
		err = c.fill()
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded):
			if c.stopped() {
				c.leave(true)
				return
			}
		case errors.Is(err, io.EOF) && c.parser.complete && c.local && !c.gone():
			c.leave(true) // it only closed its side, having said everything
			return
		default:
			c.fail(0, errGone)
			c.leave(true)
			return
		}
	}
	c.leave(true)
}

// stopped says whether the pump is to end. If not, it goes on after somebody's nudge.
func (c *client) stopped() bool {
	_ = c.nc.SetReadDeadline(time.Time{})
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stop || c.cause != nil
}

// forward parses what was read and writes to the worker what is for it. It is over when the worker can take no more.
func (c *client) forward() (over bool, err error) {
	if over := c.sendRest(); over || c.in == nil {
		return over, nil
	}
	c.stdin.reset(c.in[:])
	ended := false
	for st := stepReply; st != stepMore; {
		var n int
		if st, n, err = c.parser.next(c.pending()); err != nil {
			return true, err
		}
		c.off += n
		switch st {
		case stepContent:
			c.stdin.add(c.parser.w.kind, c.parser.id, c.off-c.parser.size, c.off)
		case stepEOF:
			c.stdin.add(c.parser.w.kind, c.parser.id, c.off, c.off)
			ended = c.parser.complete
		case stepReply, stepClose:
			// A request of an unknown role cannot be here: one is active.
			if err := c.out.write(c.parser.reply); err != nil {
				return true, errGone
			}
		case stepAbort:
			return true, errAborted
		}
	}
	if len(c.stdin.records()) == 0 {
		return false, nil
	}
	worker := c.awaitWorker()
	if worker == nil || c.sendRest() {
		return true, nil
	}
	if _, err := worker.Write(c.stdin.records()); err != nil {
		return true, nil // the one who reads from it knows better why
	}
	c.whole = ended
	return false, nil
}

// sendRest writes what did not fit when the head was sent. It is true if the worker does not take it.
func (c *client) sendRest() bool {
	c.mu.Lock()
	worker, rest := c.worker, c.rest
	c.rest = nil
	c.mu.Unlock()
	if len(rest) == 0 {
		return false
	}
	if _, err := worker.Write(rest); err != nil {
		return true
	}
	c.whole = c.headWhole
	return false
}

// awaitWorker waits until a worker has got the head. It is nil if the request ends before.
func (c *client) awaitWorker() *Conn {
	for {
		c.mu.Lock()
		worker, begins, stop := c.worker, c.begins, c.stop || c.cause != nil
		c.mu.Unlock()
		switch {
		case stop:
			return nil
		case begins:
			return worker
		}
		if err := c.raw.Read(c.hup); err == nil {
			c.fail(0, errGone)
			return nil
		}
		_ = c.nc.SetReadDeadline(time.Time{})
	}
}

// onHup waits until the client has closed its connection.
func (c *client) onHup(fd uintptr) bool { return hungUp(fd, c.local) }

// gone asks whether the client has closed its connection.
func (c *client) gone() bool {
	gone := false
	_ = c.raw.Control(func(fd uintptr) { gone = hungUp(fd, c.local) })
	return gone
}
