package pool

import "time"

// The bounds of a slot's back-off.
const (
	backoffMin = 100 * time.Millisecond
	backoffMax = 30 * time.Second
)

// nextBackoff doubles a slot's delay.
func nextBackoff(d time.Duration) time.Duration {
	if d == 0 {
		return backoffMin
	}
	return min(2*d, backoffMax)
}

// unasked reports whether a worker that was in state from, going for cause, went down although nobody wanted it to:
// its next start must wait, or a program that cannot live takes the whole machine.
func unasked(from State, cause Reason) bool {
	if from == Stopping || from == Killing {
		return cause == ReasonLost || cause == ReasonStartTimeout
	}
	return true
}
