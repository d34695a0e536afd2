package pool

import "time"

// The bounds of a slot's back-off.
const (
	backoffMin = 100 * time.Millisecond
	backoffMax = 30 * time.Second
	// backoffServing bounds it for a worker that died of its first request. Each such death costs a request, so it is
	// no loop of its own, and a visitor who knows a page that crashes must not be able to stop a site for long.
	backoffServing = time.Second
)

// nextBackoff doubles a slot's delay.
func nextBackoff(d time.Duration, serving bool) time.Duration {
	limit := backoffMax
	if serving {
		limit = backoffServing
	}
	return min(max(2*d, backoffMin), limit)
}

// unasked reports whether a worker that was in state from, going for cause, went down although nobody wanted it to:
// its next start must wait, or a program that cannot live takes the whole machine.
func unasked(from State, cause Reason) bool {
	if from == Stopping || from == Killing {
		return cause == ReasonLost || cause == ReasonStartTimeout
	}
	return true
}
