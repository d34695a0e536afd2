package pool

import (
	"errors"
	"time"
)

// ErrBug marks a Transition.Err that cannot happen: an event that the worker's state has no use for. The pool goes on.
var ErrBug = errors.New("bug")

// Holder is the user of one lease, and not used again for another. Fail is called at most once: when the pool takes
// the worker away, because a request took too long or the process has ended or was killed. It may come before Acquire
// has returned and, if both happen at the same moment, right after Release. No lock of the pool is held, but Fail must
// not block: other effects of the pool wait for it. It comes before the Transition that tells of the same event.
//
// The holder must then stop using the connection soon and still call Release, which closes the connection. What a
// process wrote before it ended can be read until then.
//
// The pool keeps the holder after Release until the worker is leased again, to name it if the worker dies of what it did.
type Holder interface {
	Fail(Reason)
}

// Observer hears every change of a worker's state except the two that each request makes (idle to busy and back),
// which are the request's to tell. One call at a time, in the order in which things happened, no lock of the pool
// held. It should be quick, as the pool's other effects wait for it.
type Observer interface {
	Transition(Transition)
}

// Transition is one change of a worker's state. From equals To when a killed process is still there after
// workers.stop_timeout and is killed again, and when Err is an ErrBug.
type Transition struct {
	Pool     string
	ID       ID
	Pid      int // 0 until the process has started
	From, To State
	Reason   Reason // why the worker goes or went, ReasonNone on its way up
	Exit     *Exit  // how the process ended, only in the transition to Down, nil if it never started
	Err      error  // why a start or a Dial failed, or what is wrong
	// Holder is the last lease's holder, when the worker dies or is taken out of service while it serves or right after
	// it. Else nil.
	Holder Holder
	// Backoff is how long the slot stays down before the next start, 0 if it starts at once or never.
	Backoff time.Duration
}
