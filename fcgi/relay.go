package fcgi

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"
)

const (
	// patience is how long a worker may take before somebody starts to watch the client. Most requests are over by then.
	patience = 40 * time.Millisecond
	// maxStale is how many dead connections in a row Pick may lend for one request.
	maxStale = 16
	// flushAt is how much of an answer is put together, while there is more to read, before it is written.
	flushAt = 64 << 10
)

// errStale is the fault of a connection on which nothing could be sent.
var errStale = errors.New("stale connection")

// clientError wraps an error of writing to the client.
type clientError struct{ error }

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

// conclude tells the client how its request ended, if the worker's answer did not. It is false when the connection is over.
func (c *client) conclude(err error) bool {
	res := &c.res
	if err == nil {
		return !res.ClientGone
	}
	status, retryAfter := http.StatusBadGateway, time.Duration(0)
	var refusal *Refusal
	switch {
	case errors.Is(err, errGone), errors.As(err, &clientError{}):
		res.ClientGone, res.Err = true, nil
		return false
	case errors.Is(err, errAborted):
		res.ClientGone, res.Err = true, nil
		c.answer = appendEnd(c.answer[:0], c.req.ID, 0, statusComplete)
		return c.out.write(c.answer) == nil
	case errors.As(err, &refusal):
		status, retryAfter = refusal.Status, refusal.RetryAfter
	case errors.Is(err, ErrTimeout):
		status = http.StatusGatewayTimeout
	case errors.Is(err, errBody):
		status = http.StatusRequestEntityTooLarge
	case errors.Is(err, errShutdown):
		status = http.StatusServiceUnavailable
	case errors.Is(err, errVersion), errors.Is(err, errRecord), errors.Is(err, errSize):
		c.proxy.Log.Warn("client broke the protocol", zap.Error(err))
		res.Err = err
		return false
	}
	res.Err = err
	if c.begun {
		res.Status = c.resp.header.status
		c.log("answer broken off", res.Status, err)
		return c.breakOff()
	}
	res.Status = status
	c.log("request failed", status, err)
	c.answer = appendAnswer(c.answer[:0], c.req.ID, status, retryAfter)
	if c.out.write(c.answer) != nil {
		res.ClientGone = true
		return false
	}
	return true
}

// log writes one line for a request that failed, if nobody else is told. Overload is no failure and would flood the log.
func (c *client) log(message string, status int, err error) {
	if c.proxy.Account != nil || status == http.StatusServiceUnavailable {
		return
	}
	c.proxy.Log.Warn(message, append(c.req.fields(), zap.Int("status", status), zap.Error(err))...)
}

// breakOff ends an answer that cannot be completed so that the client notices. A close alone does not do: nginx takes it for the end of a
// whole answer where it does not keep connections, and also where it does but fastcgi_buffering is off. A record of another version is an error
// to it always, and to a client that would have noticed the close one byte makes no difference.
func (c *client) breakOff() bool {
	_ = c.out.write([]byte{version1 - 1})
	return false
}
