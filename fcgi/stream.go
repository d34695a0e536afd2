package fcgi

import (
	"errors"
	"net/http"
	"time"

	"go.uber.org/zap"
)

// maxStale is how many dead connections in a row Pick may lend for one request.
const maxStale = 16

// stream is one request on its way: what has come of it, the worker that has it, and what has come back. The loop's thread owns it.
//
//	BEGIN ── begun ── start ── pick ─┬─ engage ── (relay.go) ── finish ─┬─ flushed ── done
//	           │               ▲     ├─ wait ── granted                 │
//	           └── refused     └─────┴──────────── lost ────────────────┴─ conclude
type stream struct {
	intake
	client *client
	req    Request
	resp   response
	res    Result
	seq    uint64 // grows with each attempt and never starts again, so that a Handle finds its own only

	heard   bool // its head is complete or was refused, so that it counts
	started bool // it was given to Pick
	wait    Waiter
	up      Upstream
	conn    *Conn // of up
	fresh   bool  // of up
	stale   int   // dead connections in a row

	rest      []byte // of the head, what is still to be sent
	backlog   []byte // input that came before it could be sent
	deaf      bool   // the worker takes no more
	whole     bool   // all of the request, its end included, was written to the worker
	headWhole bool   // the head includes the end of the request
	begun     bool   // the client has got a piece of the answer
	queued    bool   // it stands in the client's line
	stderr    func([]byte)
}

// newStream takes a free stream for a request of c.
func (c *client) newStream() *stream {
	l := c.proxy.loop
	var s *stream
	if n := len(l.streams); n > 0 {
		s, l.streams = l.streams[n-1], l.streams[:n-1]
	} else {
		s = &stream{seq: 1}
		s.req.s = s
		s.stderr = s.tell
	}
	s.client = c
	return s
}

// maxFree bounds what is kept for the next connections and requests.
const maxFree = 256

// free ends the use of the stream.
func (s *stream) free() {
	l := s.client.proxy.loop
	s.resp.release()
	s.seq++
	// What is large goes; a short backlog is kept.
	if cap(s.backlog) > frameSize {
		s.backlog = nil
	}
	*s = stream{seq: s.seq, stderr: s.stderr, backlog: s.backlog[:0]}
	s.req.s = s
	if len(l.streams) < maxFree {
		l.streams = append(l.streams, s)
	}
}

// tell passes on what the worker wrote to STDERR.
func (s *stream) tell(b []byte) {
	if hook := s.client.proxy.Stderr; hook != nil {
		hook(&s.req, s.up, b)
	}
}

// begin looks at a head that is complete, or was refused before.
func (s *stream) begin() {
	s.heard = true
	r := &s.req
	r.ID, r.Role, r.KeepConn, r.Arrived, r.Length = s.id, s.role, s.keep, s.client.proxy.loop.now, -1
	refusal := s.refusal
	if refusal == nil {
		refusal = r.decode(s.frame.params, &s.client.proxy.Limits)
	}
	if refusal != nil {
		s.conclude(refusal)
		return
	}
	s.client.starting = append(s.client.starting, s)
}

// unsized says whether the body must be whole before a worker can be told of it.
func (s *stream) unsized() bool {
	return s.client.proxy.NeedLength && s.role == Responder && s.req.Length < 0
}

// start looks for a worker, when the input that is already there has been added to the head.
func (s *stream) start() {
	if s.unsized() && s.body > 0 {
		s.frame.setLength(s.body)
		s.req.Length = s.body
	}
	s.started, s.headWhole = true, s.complete
	s.pick()
}

// pick asks for a worker.
func (s *stream) pick() {
	for {
		s.seq++
		up, wait, err := s.client.proxy.Pick(&s.req)
		switch {
		case err != nil:
			s.conclude(err)
			return
		case up == nil:
			s.wait = wait
			return
		}
		if s.engage(up) {
			return
		}
	}
}

// granted ends the wait.
func (s *stream) granted(up Upstream, err error) {
	if c := s.client; !c.known && hungUp(c.fd, c.local) { // nobody has looked since it came
		c.gone()
		return
	}
	s.wait = nil
	if err != nil {
		s.conclude(err)
	} else if !s.engage(up) {
		s.pick()
	}
}

// giveBack ends the use of the worker.
func (s *stream) giveBack() {
	up := s.up
	if s.res.Outcome == Reuse {
		s.conn.detach()
	} else {
		s.conn.shut()
	}
	s.up, s.conn, s.rest, s.deaf = nil, nil, nil, false
	s.seq++
	up.Done(s.res)
	s.res.Err = nil
}

// taken ends the use of a worker that is taken away.
func (s *stream) taken(cause error) {
	if s.conn == nil || errors.Is(cause, ErrTimeout) || !s.drain() {
		s.fail(cause)
	}
}

// fail ends the request for a cause that is not the worker's connection.
func (s *stream) fail(cause error) {
	switch {
	case s.conn != nil:
		s.lost(cause)
	case s.wait != nil:
		s.seq++
		wait := s.wait
		s.wait = nil
		wait.Leave()
		s.conclude(cause)
	case s.resp.ended:
		// The worker has done its part. Only the client can still fail.
		s.res.ClientGone = true
		s.done()
	default:
		s.conclude(cause)
	}
}

// conclude tells the client how its request ended, if the worker's answer did not.
func (s *stream) conclude(err error) {
	c, res := s.client, &s.res
	status, after := http.StatusBadGateway, time.Duration(0)
	var refusal *Refusal
	switch {
	case errors.Is(err, errGone):
		res.ClientGone = true
		s.done()
		return
	case errors.Is(err, errAborted):
		res.ClientGone = true
		c.note = appendEnd(c.note, s.id, 0, statusComplete)
		s.done()
		return
	case errors.As(err, &refusal):
		status, after = refusal.Status, refusal.RetryAfter
	case errors.Is(err, ErrTimeout):
		status = http.StatusGatewayTimeout
	case errors.Is(err, errBody):
		status = http.StatusRequestEntityTooLarge
	case errors.Is(err, errShutdown):
		status = http.StatusServiceUnavailable
	}
	res.Err = err
	if s.begun {
		res.Status = s.resp.header.status
		s.log("answer broken off", res.Status, err)
		c.breakOff(s)
		return
	}
	res.Status = status
	s.log("request failed", status, err)
	c.note = appendAnswer(c.note, s.id, status, after)
	s.done()
}

// log writes one line for a request that failed, if nobody else is told. Overload is no failure and would flood the log.
func (s *stream) log(message string, status int, err error) {
	p := s.client.proxy
	if p.Account != nil || status == http.StatusServiceUnavailable {
		return
	}
	p.Log.Warn(message, append(s.req.fields(), zap.Int("status", status), zap.Error(err))...)
}

// done ends the request: all of its answer is written, or will be as a note.
func (s *stream) done() {
	c := s.client
	s.res.InBytes = s.body
	if account := c.proxy.Account; account != nil && s.heard {
		account(&s.req, s.res)
	}
	c.leave(s)
	s.free()
}
