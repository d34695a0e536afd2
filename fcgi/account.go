package fcgi

import "time"

// Outcome says what became of the connection to a worker, and of the worker.
type Outcome uint8

const (
	// Reuse: the connection is clean and can carry the next request.
	Reuse Outcome = iota
	// Reconnect: the connection is closed, the worker is well or finishing.
	Reconnect
	// Stale: like Reconnect, but no request was sent.
	Stale
	// Lost: the worker closed or broke the connection in the middle, or was taken away by Fail.
	Lost
	// Violation: the worker broke the protocol.
	Violation
)

var outcomeNames = [...]string{"reuse", "reconnect", "stale", "lost", "violation"}

func (o Outcome) String() string { return outcomeNames[o] }

// Result is what is known about a request when it is over; for Upstream.Done, when the worker is done with.
type Result struct {
	// Outcome is meant for Upstream.Done. In Account it is that of the last worker, Reuse if there was none.
	Outcome Outcome
	// Status is the HTTP status the client was told, or is about to be told, 0 if nothing.
	Status int
	// AppStatus is the worker's exit code as END_REQUEST tells it.
	AppStatus uint32
	// InBytes is how much request body has come.
	InBytes int64
	// OutBytes is how much of the worker's answer was passed on, its header block included.
	OutBytes int64
	// Began is when a worker was first sent the request, zero if none was.
	Began time.Time
	// Err is why the request failed, nil if it did not. It Is ErrTimeout, ErrProtocol, or wraps a *Refusal or the error of a system call.
	Err error
	// ClientGone says that the client hung up or aborted before its answer was complete. That is no failure, and Err says nothing of it.
	ClientGone bool
	// Retried says that a second worker was tried.
	Retried bool
}
