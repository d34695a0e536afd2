package proxy

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"jpm/fcgi"
	"jpm/pool"
)

// pick is the policy of one site: which requests get a worker, and which answer the others get.
func (s *site) pick(ctx context.Context, r *fcgi.Request) (fcgi.Upstream, error) {
	if why := s.rule.refuse(r.Script()); why != "" {
		return nil, &fcgi.Refusal{Status: 403, Reason: why}
	}
	h := &hold{site: s, req: r, failer: r.Failer()}
	lease, err := s.pool.Acquire(ctx, h)
	switch {
	case err == nil:
		h.lease = lease
		return h, nil
	case errors.Is(err, pool.ErrQueueFull):
		return nil, &fcgi.Refusal{Status: 503, Reason: "queue full", RetryAfter: retryAfter}
	case errors.Is(err, pool.ErrQueueTimeout):
		return nil, &fcgi.Refusal{Status: 503, Reason: "no worker became free within queue.timeout", RetryAfter: retryAfter}
	case errors.Is(err, pool.ErrClosed):
		return nil, &fcgi.Refusal{Status: 503, Reason: "shutting down", RetryAfter: retryAfter}
	}
	return nil, err
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

// hold is one request's hold on one worker. It is the relay's upstream and the pool's holder at once.
type hold struct {
	site   *site
	req    *fcgi.Request
	failer fcgi.Failer
	lease  *pool.Lease

	mu   sync.Mutex
	done bool     // guarded by mu; req may be another request from then on
	memo *request // guarded by mu; a copy of req, since the worker may yet be found to have died of it
}

// request is what is remembered of a request after it has ended.
type request struct{ method, uri, script, client string }

// fields are the request in the log.
func (r *request) fields() []zap.Field {
	return []zap.Field{zap.String("method", r.method), zap.String("uri", r.uri), zap.String("script", r.script), zap.String("client", r.client)}
}

// describe copies what the log says of a request, which lasts only until Done.
func describe(r *fcgi.Request) *request {
	return &request{r.Method(), r.URI(), r.Script(), r.RemoteAddr()}
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
	h.failer.Fail(err)
}

// errWorkerGone is the cause of a request that failed because its worker ended.
var errWorkerGone = errors.New("the worker ended")

// remembered is the request that the worker was last seen with, nil as long as it is with it.
func (h *hold) remembered() *request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.memo
}
