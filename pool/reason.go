package pool

import (
	"fmt"
	"syscall"
)

// Reason says why a worker is going or has gone. The zero value means that there is none.
type Reason uint8

// The reasons. A worker's final one is told by the transition to Down and counted in Snapshot.Recycles.
const (
	ReasonNone           Reason = iota
	ReasonMaxRequests           // it served workers.max_requests
	ReasonRequestTimeout        // one request took longer than request.timeout
	ReasonStartTimeout          // it did not come up within workers.start_timeout
	ReasonStartFailed           // the Starter could not start it
	ReasonExited                // it exited by itself
	ReasonSignaled              // a signal that the pool did not ask for ended it
	ReasonMemory                // the kernel ended it for want of memory, or it used more than limits.max_rss
	ReasonPids                  // it ended by itself after it had met its limit of processes
	ReasonDenied                // SIGSYS: it made a system call that its jail forbids
	ReasonBrokenProtocol        // it did not speak FastCGI
	ReasonLost                  // it dropped its connection during a request, or would not take a new one, and yet lived
	ReasonShutdown              // the pool is closing
	numReasons
)

var reasonNames = [numReasons]string{
	ReasonNone:           "",
	ReasonMaxRequests:    "max-requests",
	ReasonRequestTimeout: "request-timeout",
	ReasonStartTimeout:   "start-timeout",
	ReasonStartFailed:    "start-failed",
	ReasonExited:         "exited",
	ReasonSignaled:       "signaled",
	ReasonMemory:         "memory",
	ReasonPids:           "pids",
	ReasonDenied:         "denied",
	ReasonBrokenProtocol: "broken-protocol",
	ReasonLost:           "lost",
	ReasonShutdown:       "shutdown",
}

// Reasons returns every reason but ReasonNone.
func Reasons() []Reason {
	all := make([]Reason, 0, numReasons-1)
	for r := ReasonNone + 1; r < numReasons; r++ {
		all = append(all, r)
	}
	return all
}

// String returns the reason's name as logs, status and metrics show it, "" for ReasonNone.
func (r Reason) String() string {
	if r < numReasons {
		return reasonNames[r]
	}
	return fmt.Sprintf("reason(%d)", uint8(r))
}

// MarshalText makes a reason its name in JSON, also as the key of an object.
func (r Reason) MarshalText() ([]byte, error) {
	if r >= numReasons {
		return nil, fmt.Errorf("reason %d: unknown", uint8(r))
	}
	return []byte(reasonNames[r]), nil
}

// UnmarshalText reads what MarshalText wrote.
func (r *Reason) UnmarshalText(text []byte) error {
	for i, name := range reasonNames {
		if name == string(text) {
			*r = Reason(i)
			return nil
		}
	}
	return fmt.Errorf("reason %q: unknown", text)
}

// endReason names the end of a process that was in state from, going for cause (ReasonNone if nobody asked it to go).
// SIGSYS is always a denial: an intruder must not hide it by making the pool retire the worker first.
func endReason(from State, cause Reason, exit Exit) Reason {
	if exit.Signal == syscall.SIGSYS {
		return ReasonDenied
	}
	// Before what the pool asked for: a worker that had to be stopped anyway may have been killed by the kernel first.
	if exit.OOM {
		return ReasonMemory
	}
	asked := from == Stopping || from == Killing
	if asked && cause != ReasonLost {
		return cause
	}
	// A lost worker that had to be killed was alive all the time; one that ended before that died by itself, and its
	// broken connection was only the first sign of it.
	if from == Killing {
		return ReasonLost
	}
	if exit.Refused > 0 && (exit.Signal != 0 || exit.Code != 0) {
		return ReasonPids
	}
	if exit.Signal != 0 {
		return ReasonSignaled
	}
	return ReasonExited
}
