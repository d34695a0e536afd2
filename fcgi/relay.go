package fcgi

import (
	"errors"
	"time"

	"go.uber.org/zap"
)

// maxStale is how many dead connections in a row Pick may lend for one request.
const maxStale = 16

// handle serves the request whose head is complete. It is false when the connection is over.
func (c *client) handle() bool {
	p := c.proxy
	r := &c.req
	r.ID, r.Role, r.KeepConn, r.Arrived = c.parser.id, c.parser.role, c.parser.keep, time.Now()
	if !c.headEnd.IsZero() {
		c.headEnd = time.Time{}
		_ = c.nc.SetReadDeadline(c.headEnd)
	}
	c.res = Result{}
	c.begun = false
	r.Length = -1

	refusal := c.parser.refusal
	if refusal == nil {
		refusal = r.decode(c.parser.frame.params, &p.Limits)
	}
	var err error
	if refusal != nil {
		err = refusal
	} else if err = c.gather(); err == nil {
		err = c.relay()
	}
	c.res.InBytes = c.parser.body
	alive := c.conclude(err)
	if p.Account != nil {
		p.Account(r, c.res)
	}
	c.resp.release()
	c.unread = !c.parser.complete
	r.values = [numParams][]byte{} // nobody who is late shall read the next request's
	c.parser.finish()
	return alive && r.KeepConn && !p.closing.Load()
}

// gather takes the input that is already there into the head.
func (c *client) gather() error {
	f := &c.parser.frame
	for f.room() > 0 && !c.parser.complete && c.off < c.end {
		most := min(c.end, c.off+f.room())
		st, n, err := c.parser.next(c.in[c.off:most])
		c.off += n
		if err != nil {
			return err
		}
		switch st {
		case stepContent:
			f.addInput(c.parser.w.kind, c.in[c.off-c.parser.size:c.off])
		case stepEOF:
			f.endInput(c.parser.w.kind)
		case stepReply, stepClose:
			if !c.reply() {
				return errGone
			}
		case stepAbort:
			return errAborted
		}
	}
	c.drop()
	c.headWhole = c.parser.complete
	return nil
}

// relay finds a worker for the request and passes its answer on. The error says why there is no whole answer.
func (c *client) relay() error {
	for stale := 0; ; {
		up, err := c.pick()
		if err != nil {
			if cause := c.settle(); cause != nil {
				return cause
			}
			return err
		}
		fresh := up.Fresh() // it is not ours any more when it was given back
		over, err := c.attend(up)
		switch {
		case err == nil:
			return nil
		case !over:
			if stale++; stale < maxStale {
				continue
			}
			if cause := c.settle(); cause != nil {
				return cause
			}
			return err
		case c.res.Outcome == Lost && !fresh && c.again(err):
			c.res.Retried = true
		default:
			return err
		}
	}
}

// again says whether a lost request, sent on a connection that the worker may have been about to close, may go to another: nothing came back, all
// of it is still at hand, and it does no harm twice.
func (c *client) again(err error) bool {
	return !c.res.Retried && c.resp.got == 0 && c.headWhole && c.req.idempotent() && !errors.Is(err, ErrTimeout)
}

// attend is one attempt: it exchanges request and answer with a worker and gives it back. The request is not over when the connection was of no
// use and nothing was sent on it.
func (c *client) attend(up Upstream) (over bool, err error) {
	w := up.Conn()
	c.lent = up
	c.resp.reset(c.req.ID, c.stderr)
	c.sent, c.whole, c.fault = false, false, nil
	if c.engage(w) {
		c.exchange(w)
	}
	res := &c.res
	if err := c.fault; err != nil && !c.sent && c.withdraw() {
		res.Outcome, res.Err = Stale, err
		if errors.Is(err, ErrProtocol) {
			res.Outcome = Violation
		}
		c.giveBack(up)
		return false, err
	}
	cause := c.settle()
	if n := c.resp.header.dropped; n > 0 {
		c.proxy.Log.Warn("orders to the web server taken out of an answer", append(c.req.fields(), zap.Int("lines", n))...)
	}
	res.AppStatus, res.InBytes = c.resp.appStatus, c.parser.body

	err = c.fault
	if c.resp.ended {
		res.Outcome, res.Status, res.OutBytes = Reconnect, c.resp.header.status, c.resp.content
		switch {
		case c.resp.trailing:
			res.Outcome = Violation
			c.proxy.Log.Warn("worker sent more than an answer", c.req.fields()...)
		case c.clean():
			res.Outcome = Reuse
		}
		c.giveBack(up)
		if len(c.resp.ready()) > 0 && c.out.write(c.resp.ready()) != nil {
			res.ClientGone = true
		}
		return true, nil
	}
	if c.begun {
		res.OutBytes = c.resp.content
	}
	switch {
	case cause != nil && !c.sent:
		res.Outcome = Reuse
		if err != nil {
			res.Outcome = Stale
		}
		err = cause
	case cause != nil:
		err, res.Outcome = cause, Lost
		if errors.Is(cause, errGone) || errors.Is(cause, errAborted) || errors.Is(cause, errBody) {
			res.Outcome = Reconnect
		}
	case errors.As(err, &clientError{}):
		res.Outcome = Reconnect
	case errors.Is(err, ErrProtocol):
		res.Outcome = Violation
	case errors.Is(err, errHeader):
		res.Outcome = Reconnect
	default:
		res.Outcome = Lost
	}
	res.Err = err
	c.giveBack(up)
	return true, err
}

// clean says whether the worker's connection can carry another request: the worker was given the whole request and has no reason to leave any
// of it unread.
func (c *client) clean() bool {
	return c.whole && c.req.Role != Filter && c.parser.body == max(0, c.req.Length)
}

// giveBack ends the use of a worker.
func (c *client) giveBack(up Upstream) {
	if c.res.Outcome != Reuse {
		_ = up.Conn().Close()
	}
	c.lent = nil
	up.Done(c.res)
	c.res.Err = nil
}
