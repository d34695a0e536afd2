package fcgi

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Upstream is a worker that is lent for one request.
type Upstream interface {
	// Conn is the connection to the worker. Only this request uses it until Done.
	Conn() *Conn
	// Fresh says that no request was sent on the connection before. What breaks then is not tried again.
	Fresh() bool
	// Done gives the worker back. It is called exactly once, as soon as the worker is done with, which is before the last bytes of the
	// answer are on their way to the client. For every Outcome but Reuse the connection is already closed.
	Done(Result)
}

// Refusal is an error with which Pick answers the client without a worker.
type Refusal struct {
	// Status is the HTTP status of the answer.
	Status int
	// Reason is for the log; the client does not see it.
	Reason string
	// RetryAfter becomes the Retry-After header, in whole seconds rounded up. Zero means none.
	RetryAfter time.Duration
}

func (r *Refusal) Error() string { return fmt.Sprintf("refused with %d: %s", r.Status, r.Reason) }

// ErrTimeout is given to Failer.Fail when a request took too long: the answer is 504.
var ErrTimeout = errors.New("request timeout")

// Failer takes the worker away from a request. Get it by Request.Failer within Pick. It is a value that may be kept: after the Upstream's Done
// it does nothing, though the Request may by then be another one.
type Failer struct {
	client *client
	seq    uint64
}

// Fail makes the request stop using the worker's connection: all I/O that it is blocked in returns, the client is told 504 if err Is
// ErrTimeout and 502 otherwise, or its connection is broken if the answer has begun, and the Upstream's Done is called. It does not wait for that.
// It may be called from any goroutine, and again; the first error counts.
func (f Failer) Fail(err error) {
	if f.client != nil {
		f.client.fail(f.seq, err)
	}
}

// Failer ends the request's use of the worker that Pick is about to return.
func (r *Request) Failer() Failer {
	return Failer{client: r.client, seq: r.client.attempt()}
}

// Causes for which a request ends that come from the client, or from a Shutdown that waits no longer.
var (
	errGone     = errors.New("client gone")
	errAborted  = errors.New("aborted by the client")
	errShutdown = errors.New("shut down")
	errPanic    = errors.New("bug: panic")
)

// pickContext is what Pick gets. It costs nothing until Done is called: only then somebody starts to watch the client.
type pickContext struct {
	client *client
	done   chan struct{} // guarded by client.mu
}

var _ context.Context = (*pickContext)(nil)

func (x *pickContext) Deadline() (time.Time, bool) { return time.Time{}, false }
func (x *pickContext) Value(any) any               { return nil }

// Done is closed when the client hangs up or aborts the request, and when Pick has returned.
func (x *pickContext) Done() <-chan struct{} { return x.client.watched(x) }

func (x *pickContext) Err() error {
	x.client.mu.Lock()
	defer x.client.mu.Unlock()
	if x.done != nil {
		select {
		case <-x.done:
			return context.Canceled
		default:
		}
	}
	if x.client.ctx == x && x.client.cause != nil {
		return context.Canceled
	}
	return nil
}

// pick asks for a worker.
func (c *client) pick() (Upstream, error) {
	c.mu.Lock()
	if c.ctx == nil {
		c.ctx = &pickContext{client: c}
	}
	ctx := c.ctx
	c.active, c.picking = true, true
	c.mu.Unlock()

	up, err := c.proxy.Pick(ctx, &c.req)

	c.mu.Lock()
	c.picking = false
	if ctx.done != nil {
		// Somebody may still hold it. The next request gets another.
		if c.cause == nil {
			close(ctx.done)
		}
		c.ctx = nil
	}
	c.mu.Unlock()
	return up, err
}

// watched arms a request's context.
func (c *client) watched(x *pickContext) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if x.done != nil {
		return x.done
	}
	x.done = make(chan struct{})
	if c.ctx != x || !c.picking || c.cause != nil {
		close(x.done)
		if c.ctx == x && !c.picking {
			c.ctx = nil // kept for too long, and asked for now: not to be used again
		}
		return x.done
	}
	c.startPump(true)
	return x.done
}
