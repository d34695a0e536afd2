package fcgi

import "golang.org/x/sys/unix"

// giveUp ends all streams for a cause and has the connection closed when what is to be written is.
func (c *client) giveUp(cause error) {
	c.broken, c.closing = true, true
	for len(c.parser.streams) > 0 {
		c.parser.streams[0].fail(cause)
	}
}

// gone ends a connection that the client has closed or broken.
func (c *client) gone() {
	if c.closed {
		return
	}
	c.giveUp(errGone)
	c.destroy()
}

// close ends a connection that has done its work. What we wrote last must be read and not thrown away by a reset, which a close would cause
// if the client has sent, or on TCP may be sending, what we have not read: then only our side is closed until the client closes its own.
func (c *client) close() {
	if c.local && !c.unread && c.parser.w.between() || c.eof || unix.Shutdown(c.fd, unix.SHUT_WR) != nil {
		c.destroy()
		return
	}
	c.shut = true
	c.setTimer(timerLinger, lingering)
	c.wait(unix.EPOLLIN | unix.EPOLLRDHUP)
}

// discard reads what still comes and forgets it.
func (c *client) discard() {
	if n, e := recv(c.fd, c.proxy.loop.in[:], 0); n <= 0 && e != unix.EAGAIN {
		c.destroy()
	}
}

// destroy closes the connection and gives everything back.
func (c *client) destroy() {
	if c.closed {
		return
	}
	c.closed = true
	c.setTimer(timerNone, 0)
	if c.known {
		c.proxy.loop.forget(c.fd)
	}
	closeFD(c.fd)
	c.proxy.farewell(c)
}

// crashed implements handler: it does what can still be done after a panic.
func (c *client) crashed() {
	if c.closed {
		return
	}
	for _, s := range c.parser.streams {
		if s.wait != nil {
			s.seq++
			s.wait.Leave()
		}
		if s.up != nil {
			s.res = Result{Outcome: Lost, Err: errPanic}
			s.giveBack()
		}
	}
	c.destroy()
}
