package proxy

import (
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"jpm/fcgi"
	"jpm/pool"
)

// pick is the policy of one site: which requests get a worker or a place in the queue for one, and which answer the others get.
func (s *site) pick(r *fcgi.Request) (fcgi.Upstream, fcgi.Waiter, error) {
	if why := s.rule.refuse(r.Script()); why != "" {
		s.refused(r, why)
		return nil, nil, &fcgi.Refusal{Status: 403, Reason: why}
	}
	h := &hold{site: s, req: r, handle: r.Handle()}
	h.ticket.Waiter = h
	lease, err := s.pool.Acquire(h, &h.ticket)
	switch {
	case err == nil:
		h.lease = lease
		return h, nil, nil
	case errors.Is(err, pool.ErrQueued):
		return nil, h, nil
	}
	return nil, nil, refusal(err)
}

// refusal is the answer to a request that gets no worker.
func refusal(err error) error {
	switch {
	case errors.Is(err, pool.ErrQueueFull):
		return &fcgi.Refusal{Status: 503, Reason: "queue full", RetryAfter: retryAfter}
	case errors.Is(err, pool.ErrQueueTimeout):
		return &fcgi.Refusal{Status: 503, Reason: "no worker became free within queue.timeout", RetryAfter: retryAfter}
	case errors.Is(err, pool.ErrClosed):
		return &fcgi.Refusal{Status: 503, Reason: "shutting down", RetryAfter: retryAfter}
	}
	return err
}

// retryAfter is what an overloaded site tells its clients: long enough to clear a queue, short enough not to lose them.
const retryAfter = 5 * time.Second

// outcomes says what the relay's findings mean to the pool.
var outcomes = map[fcgi.Outcome]pool.Outcome{
	fcgi.Reuse:     pool.Reuse,
	fcgi.Reconnect: pool.Reconnect,
	fcgi.Stale:     pool.Stale,
	fcgi.Lost:      pool.Lost,
	fcgi.Violation: pool.Violation,
}

// hold is one request's hold on one worker, or on its place in the queue. It is the relay's upstream and waiter and the pool's holder at once.
type hold struct {
	site   *site
	req    *fcgi.Request
	handle fcgi.Handle
	lease  *pool.Lease
	ticket pool.Ticket

	mu   sync.Mutex
	done bool     // guarded by mu; req may be another request from then on
	memo *request // guarded by mu; a copy of req, since the worker may yet be found to have died of it
}

// request is what is remembered of a request after it has ended: one copy of its parameters, cut up when somebody asks.
type request struct {
	b   []byte
	end [4]int // of method, URI, script and client in b; the request id is the rest
}

// fields are the request in the log.
func (r *request) fields() []zap.Field {
	fields := []zap.Field{
		zap.ByteString("method", r.b[:r.end[0]]), zap.ByteString("uri", r.b[r.end[0]:r.end[1]]),
		zap.ByteString("script", r.b[r.end[1]:r.end[2]]), zap.ByteString("client", r.b[r.end[2]:r.end[3]]),
	}
	if id := r.b[r.end[3]:]; len(id) > 0 {
		fields = append(fields, zap.ByteString("request_id", id))
	}
	return fields
}

// describe copies what the log says of a request, which lasts only until Done.
func describe(r *fcgi.Request) *request {
	method, uri, script, client := r.Bytes(fcgi.RequestMethod), r.Bytes(fcgi.RequestURI), r.Bytes(fcgi.ScriptFilename), r.Bytes(fcgi.RemoteAddr)
	id := r.Bytes(fcgi.RequestID)
	d := &request{b: make([]byte, 0, len(method)+len(uri)+len(script)+len(client)+len(id))}
	d.b = append(d.b, method...)
	d.end[0] = len(d.b)
	d.b = append(d.b, uri...)
	d.end[1] = len(d.b)
	d.b = append(d.b, script...)
	d.end[2] = len(d.b)
	d.b = append(d.b, client...)
	d.end[3] = len(d.b)
	d.b = append(d.b, id...)
	return d
}

// Granted implements pool.Waiter.
func (h *hold) Granted(l *pool.Lease, err error) {
	if err != nil {
		h.handle.Grant(nil, refusal(err))
		return
	}
	h.lease = l
	h.handle.Grant(h, nil)
}

// Leave implements fcgi.Waiter.
func (h *hold) Leave() {
	h.mu.Lock()
	h.done = true
	h.mu.Unlock()
	h.site.pool.Leave(&h.ticket)
}

// Conn implements fcgi.Upstream.
func (h *hold) Conn() *fcgi.Conn { return h.lease.Conn().(*fcgi.Conn) }

// Fresh implements fcgi.Upstream.
func (h *hold) Fresh() bool { return h.lease.Fresh() }

// Done implements fcgi.Upstream.
func (h *hold) Done(r fcgi.Result) {
	h.mu.Lock()
	h.done = true
	// Also when all seems well: what a script does after its answer is complete, or after its client has left, can
	// still be what its worker dies of, and the incident must name it.
	if h.memo == nil && r.Outcome != fcgi.Stale {
		h.memo = describe(h.req)
	}
	memo := h.memo
	h.mu.Unlock()
	if r.Outcome != fcgi.Stale {
		id, _ := h.lease.Worker()
		h.site.measure(id, memo)
	}
	h.lease.Release(outcomes[r.Outcome])
}

// Fail implements pool.Holder.
func (h *hold) Fail(why pool.Reason) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.done {
		return
	}
	h.memo = describe(h.req)
	err := errWorkerGone
	if why == pool.ReasonRequestTimeout {
		err = fcgi.ErrTimeout
	}
	h.handle.Fail(err)
}

// errWorkerGone is the cause of a request that failed because its worker ended.
var errWorkerGone = errors.New("the worker ended")

// remembered is the request that the worker was last seen with, nil as long as it is with it.
func (h *hold) remembered() *request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.memo
}
