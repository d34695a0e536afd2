package fcgi

import "time"

// writeGrace is how long a client that does not read may hold up the end of a request that has failed, so that what it is being sent
// ends where a record ends.
const writeGrace = 2 * time.Second

// attempt is the number under which the request can fail now.
func (c *client) attempt() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seq
}

// fail ends the request and wakes who is blocked in it. seq is the attempt that is meant, 0 any.
func (c *client) fail(seq uint64, cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.active || c.cause != nil || seq != 0 && seq != c.seq {
		return
	}
	c.cause = cause
	if c.ctx != nil && c.ctx.done != nil {
		close(c.ctx.done)
	}
	_ = c.nc.SetReadDeadline(past)
	_ = c.nc.SetWriteDeadline(time.Now().Add(writeGrace))
	if c.worker != nil {
		_ = c.worker.SetDeadline(past)
	}
}

// engage hands the worker to the pump and to fail. It is false if the request has failed already.
func (c *client) engage(w *Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil {
		return false
	}
	c.worker = w
	return true
}

// failed says whether the request has failed.
func (c *client) failed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause != nil
}

// settle ends an attempt: nobody uses the worker any more, and nothing can make the request fail. It says why it has failed, if it has.
func (c *client) settle() error {
	c.stopPump()
	c.mu.Lock()
	cause, worker := c.cause, c.worker
	c.seq++
	c.active, c.cause, c.worker, c.begins, c.rest = false, nil, nil, false, nil
	c.mu.Unlock()
	if cause != nil {
		_ = c.nc.SetDeadline(time.Time{})
		if worker != nil { // it may be used again, if nothing was sent yet or the answer was complete
			worker.wakeAt = time.Time{}
			_ = worker.SetDeadline(worker.wakeAt)
		}
	}
	return cause
}

// withdraw ends an attempt that has sent nothing, unless the request has failed. The pump goes on: it may hold input for the next worker.
func (c *client) withdraw() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil {
		return false
	}
	c.seq++
	c.worker = nil
	return true
}
