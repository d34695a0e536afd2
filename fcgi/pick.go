package fcgi

import (
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

// Waiter is a request's place in the queue for a worker.
type Waiter interface {
	// Leave gives the place up, because the client has hung up or aborted the request. A Grant that comes after it, or came at the same moment,
	// means nothing: whoever made it takes the worker back without a Done.
	Leave()
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

// ErrTimeout is given to Handle.Fail when a request took too long: the answer is 504.
var ErrTimeout = errors.New("request timeout")

// Handle speaks to a request from any goroutine. Get it by Request.Handle within Pick. It is a value that may be kept: when the attempt that it was
// made for is over it does nothing, though the Request may by then be another one.
type Handle struct {
	loop *Loop
	s    *stream
	seq  uint64
}

// Handle is for the attempt that Pick is asked about.
func (r *Request) Handle() Handle { return Handle{loop: r.s.client.proxy.loop, s: r.s, seq: r.s.seq} }

// Grant ends the wait of a request for which Pick returned a Waiter. One of up and err is nil; err is what Pick might have returned. It does not
// wait for what comes of it.
func (h Handle) Grant(up Upstream, err error) {
	if h.s != nil {
		h.loop.post(task{kind: taskGrant, s: h.s, seq: h.seq, up: up, err: err})
	}
}

// Fail makes the request stop using the worker's connection: the client is told 504 if err Is ErrTimeout and 502 otherwise, or its
// connection is broken if the answer has begun, and the Upstream's Done is called. An answer that is complete in the connection is still passed on,
// unless err Is ErrTimeout. It does not wait for that. It may be called again; the first error counts.
func (h Handle) Fail(err error) {
	if h.s != nil {
		h.loop.post(task{kind: taskFail, s: h.s, seq: h.seq, err: err})
	}
}

// Causes for which a request ends that come from the client, from a Shutdown that waits no longer, or from ourselves.
var (
	errGone     = errors.New("client gone")
	errAborted  = errors.New("aborted by the client")
	errShutdown = errors.New("shut down")
	errPanic    = errors.New("bug: panic")
	errLoop     = errors.New("a connection of another loop")
	// errStale is the fault of a connection on which nothing could be sent.
	errStale = errors.New("stale connection")
)
