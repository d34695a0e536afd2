package fcgi

import (
	"errors"
	"io"
	"os"
	"syscall"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"
)

// engage gives the request to a worker. It is false if the connection was of no use and nothing was sent on it: another is to be picked.
func (s *stream) engage(up Upstream) bool {
	l := s.client.proxy.loop
	s.up, s.conn, s.fresh = up, up.Conn(), up.Fresh()
	s.whole = false
	s.resp.reset(s.id, s.stderr)
	if err := s.conn.attach(l, s); err != nil {
		return s.useless(err)
	}
	head := s.frame.out
	n, e := send(s.conn.fd, head)
	if e != 0 && e != unix.EAGAIN && n == 0 {
		return s.useless(errStale)
	}
	s.res.Began = l.now
	s.stale = 0
	s.rest = head[n:]
	if e != 0 {
		s.stuck(e)
		return true
	}
	s.pour()
	return true
}

// useless gives back a connection on which nothing was sent. It is true if the request has ended with it.
func (s *stream) useless(err error) bool {
	s.client.proxy.habit.found(s.conn.uses)
	s.res.Outcome, s.res.Err = Stale, err
	if errors.Is(err, ErrProtocol) {
		s.res.Outcome = Violation
	}
	s.giveBack()
	if s.stale++; s.stale < maxStale {
		return false
	}
	s.conclude(err)
	return true
}

// pour sends the worker what is there for it: the rest of the head, and the input that waits.
func (s *stream) pour() {
	if len(s.rest) > 0 {
		n, e := send(s.conn.fd, s.rest)
		s.rest = s.rest[n:] // the head stays as it is: another worker may have to get it
		if e != 0 {
			s.stuck(e)
			return
		}
	}
	if len(s.backlog) > 0 {
		n, e := send(s.conn.fd, s.backlog)
		s.backlog = s.backlog[:copy(s.backlog, s.backlog[n:])]
		if e != 0 {
			s.stuck(e)
			return
		}
	}
	s.whole = s.complete
	s.await()
}

// stuck waits for room, or takes it that the worker wants no more: then whoever reads from it knows better why.
func (s *stream) stuck(e syscall.Errno) {
	if e != unix.EAGAIN {
		s.deaf, s.rest, s.backlog = true, nil, s.backlog[:0]
	}
	s.await()
}

// forward passes on records of input that came after the head.
func (s *stream) forward(b []byte) {
	switch {
	case s.conn == nil && s.wait == nil, s.deaf: // it has its answer, or wants no more
		return
	case s.conn == nil, len(s.rest) > 0, len(s.backlog) > 0:
		s.backlog = append(s.backlog, b...)
		return
	}
	n, e := send(s.conn.fd, b)
	if e != 0 {
		s.backlog = append(s.backlog, b[n:]...)
		s.stuck(e)
		return
	}
	s.whole = s.complete
}

// await says what the worker's connection waits for.
func (s *stream) await() {
	if s.conn == nil {
		return
	}
	mask := uint32(0)
	if len(s.resp.space()) > 0 {
		mask |= unix.EPOLLIN
	}
	if len(s.rest) > 0 || len(s.backlog) > 0 {
		mask |= unix.EPOLLOUT
	}
	s.conn.want(mask)
}

// workerEvent acts on what epoll tells of the worker's connection.
func (s *stream) workerEvent(mask uint32) {
	c := s.client
	if mask&unix.EPOLLOUT != 0 {
		s.pour()
	}
	if mask&^unix.EPOLLOUT != 0 {
		s.receive()
	}
	c.settle()
}

// receive reads what the worker answers, once: if there is more, epoll says so again.
func (s *stream) receive() {
	b := s.resp.space()
	if len(b) == 0 {
		s.await()
		return
	}
	switch err := s.read(b); {
	case err == unix.EAGAIN:
	case err != nil:
		s.lost(err)
	case s.resp.ended:
		s.finish()
	default:
		s.await()
		s.client.offer(s)
	}
}

// read reads into b, which is the response's space, and has it checked.
func (s *stream) read(b []byte) error {
	switch n, e := recv(s.conn.fd, b, 0); {
	case e == unix.EAGAIN:
		return e
	case e != 0:
		return os.NewSyscallError("recv", e)
	case n == 0:
		return io.ErrUnexpectedEOF
	default:
		return s.resp.advance(n)
	}
}

// drain reads what is left of the answer of a worker that has gone. It is true if that made the answer complete.
func (s *stream) drain() bool {
	for {
		b := s.resp.space()
		if len(b) == 0 || s.read(b) != nil {
			return false
		}
		if s.resp.ended {
			s.finish()
			return true
		}
		s.client.offer(s)
		s.client.write()
		if s.conn == nil { // the client has gone meanwhile
			return true
		}
	}
}

// finish ends the worker's part: its answer is complete.
func (s *stream) finish() {
	res, habit := &s.res, &s.client.proxy.habit
	s.took()
	s.conn.uses++
	habit.answered(s.conn.uses)
	res.Outcome, res.Status, res.OutBytes = Reconnect, s.resp.header.status, s.resp.content
	switch {
	case s.resp.trailing:
		res.Outcome = Violation
		s.client.proxy.Log.Warn("worker sent more than an answer", s.req.fields()...)
	case s.clean() && !habit.once():
		res.Outcome = Reuse
	}
	s.giveBack()
	s.client.offer(s)
}

// lost ends an attempt without a whole answer.
func (s *stream) lost(err error) {
	res := &s.res
	s.took()
	if s.begun {
		res.OutBytes = s.resp.content
	}
	switch {
	case errors.Is(err, ErrProtocol):
		res.Outcome = Violation
	case errors.Is(err, errHeader), errors.Is(err, errGone), errors.Is(err, errAborted), errors.Is(err, errBody):
		res.Outcome = Reconnect
	default:
		res.Outcome = Lost
	}
	res.Err = err
	if res.Outcome == Lost && s.resp.got == 0 {
		s.client.proxy.habit.found(s.conn.uses)
	}
	again := res.Outcome == Lost && s.again(err)
	s.giveBack()
	if again {
		res.Retried = true
		s.pick()
		return
	}
	s.conclude(err)
}

// took notes what is known of an attempt when it ends.
func (s *stream) took() {
	s.res.AppStatus, s.res.InBytes = s.resp.appStatus, s.body
	if n := s.resp.header.dropped; n > 0 {
		s.client.proxy.Log.Warn("orders to the web server taken out of an answer", append(s.req.fields(), zap.Int("lines", n))...)
	}
}

// again says whether a lost request, sent on a connection that the worker may have been about to close, may go to another: nothing came back, all
// of it is still at hand, and it does no harm twice.
func (s *stream) again(err error) bool {
	return !s.fresh && !s.res.Retried && s.resp.got == 0 && s.headWhole && s.req.idempotent() && !errors.Is(err, ErrTimeout) && !errors.Is(err, errShutdown)
}

// clean says whether the worker's connection can carry another request: the worker was given the whole request and has no reason to leave any
// of it unread.
func (s *stream) clean() bool {
	return s.whole && s.role != Filter && s.body == max(0, s.req.Length)
}
