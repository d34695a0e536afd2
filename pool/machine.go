package pool

// The life cycle of a worker: what each event does in each state. Pure: no clock, no lock, no process. The shell
// around it (worker.go) finds the facts, makes the step and runs the actions.

// event is something that happens to a worker.
type event uint8

const (
	evTimeout     event = iota // the state's deadline has passed
	evStarted                  // the process runs and has accepted its first connection
	evStartFailed              // there is no process
	evLease                    // a request gets the worker
	evRelease                  // the request is over, the connection is clean
	evReconnect                // the request is over, the worker lives, the connection is gone
	evLost                     // the worker dropped the connection
	evViolation                // the worker broke the protocol
	evDialed                   // the worker has accepted a new connection
	evDialFailed               // it has not
	evRetire                   // go when idle
	evKill                     // go now
	evExited                   // the process has ended
	numEvents
)

var eventNames = [numEvents]string{
	evTimeout:     "timeout",
	evStarted:     "started",
	evStartFailed: "start-failed",
	evLease:       "lease",
	evRelease:     "release",
	evReconnect:   "reconnect",
	evLost:        "lost",
	evViolation:   "violation",
	evDialed:      "dialed",
	evDialFailed:  "dial-failed",
	evRetire:      "retire",
	evKill:        "kill",
	evExited:      "exited",
}

func (e event) String() string { return eventNames[e] }

// action is work that a step asks the shell to do.
type action uint8

const (
	noAction    action = iota
	actRemember        // retire when idle
	actFail            // take the lease, if there is one, from its holder; the connection goes with it
	actClose           // close the connection, if the worker has one
	actStart
	actDial
	actTerm
	actKill
	numActions
)

var actionNames = [numActions]string{
	actRemember: "remember",
	actFail:     "fail",
	actClose:    "close",
	actStart:    "start",
	actDial:     "dial",
	actTerm:     "term",
	actKill:     "kill",
}

func (a action) String() string { return actionNames[a] }

// facts is what a cell may look at.
type facts struct {
	want     bool // the slot should have a process
	retiring bool // a retirement waits for the worker to be idle
	leased   bool // a holder has the worker
}

// step is what a cell decides: the next state and what to do, in order. noAction ends the list.
type step struct {
	to     State
	do     [3]action
	reason Reason // ReasonNone: the event brings it, or the worker already has one
	bug    bool   // the event cannot happen in this state
}

// cell is one square of the table.
type cell func(facts) step

// always is a cell that looks at no facts.
func always(to State, reason Reason, do ...action) cell {
	s := step{to: to, reason: reason}
	copy(s.do[:], do)
	return func(facts) step { return s }
}

// bug is the cell of an event that cannot happen in state s. It stays there.
func bug(s State, do ...action) cell {
	b := step{to: s, bug: true}
	copy(b.do[:], do)
	return func(facts) step { return b }
}

// idleOrStop ends what a worker did: it is idle, unless a retirement waits for that. The connection is closed before
// SIGTERM, because php-cgi looks at the signal only when it is not reading a kept connection.
func idleOrStop(f facts) step {
	if f.retiring {
		return step{to: Stopping, do: [3]action{actClose, actTerm}}
	}
	return step{to: Idle}
}

// withLease is a cell for what only a holder can report; withoutLease for what only a Dial can.
func withLease(c cell) cell {
	return func(f facts) step {
		if !f.leased {
			return step{to: Busy, bug: true}
		}
		return c(f)
	}
}

func withoutLease(c cell) cell {
	return func(f facts) step {
		if f.leased {
			return step{to: Busy, bug: true}
		}
		return c(f)
	}
}

// lifeCycle is the table. Package documentation shows it; a test compares the two.
var lifeCycle = [numStates][numEvents]cell{
	Down: {
		evTimeout: func(f facts) step {
			if f.want {
				return step{to: Starting, do: [3]action{actStart}}
			}
			return step{to: Down}
		},
		// A process nobody knows of must not stay.
		evStarted:     bug(Down, actKill),
		evStartFailed: bug(Down),
		evLease:       bug(Down),
		evRelease:     bug(Down),
		evReconnect:   bug(Down),
		evLost:        bug(Down),
		evViolation:   bug(Down),
		evDialed:      bug(Down),
		evDialFailed:  bug(Down),
		evRetire:      always(Down, ReasonNone),
		evKill:        always(Down, ReasonNone),
		evExited:      bug(Down),
	},
	Starting: {
		evTimeout:     always(Killing, ReasonStartTimeout, actKill),
		evStarted:     idleOrStop,
		evStartFailed: always(Down, ReasonStartFailed),
		evLease:       bug(Starting),
		evRelease:     bug(Starting),
		evReconnect:   bug(Starting),
		evLost:        bug(Starting),
		evViolation:   bug(Starting),
		evDialed:      bug(Starting),
		evDialFailed:  bug(Starting),
		evRetire:      always(Starting, ReasonNone, actRemember),
		evKill:        always(Killing, ReasonNone, actKill),
		evExited:      always(Down, ReasonNone),
	},
	Idle: {
		evTimeout:     bug(Idle),
		evStarted:     bug(Idle),
		evStartFailed: bug(Idle),
		evLease:       always(Busy, ReasonNone),
		evRelease:     bug(Idle),
		evReconnect:   bug(Idle),
		evLost:        bug(Idle),
		evViolation:   bug(Idle),
		evDialed:      bug(Idle),
		evDialFailed:  bug(Idle),
		evRetire:      always(Stopping, ReasonNone, actClose, actTerm),
		evKill:        always(Killing, ReasonNone, actClose, actKill),
		evExited:      always(Down, ReasonNone, actClose),
	},
	Busy: {
		evTimeout:     always(Killing, ReasonRequestTimeout, actFail, actClose, actKill),
		evStarted:     bug(Busy),
		evStartFailed: bug(Busy),
		evLease:       bug(Busy),
		evRelease:     withLease(idleOrStop),
		// The process may still run the script of a client that is gone. It stays busy, under the same deadline, until
		// it accepts: a retirement waits for that too, so that the script is not cut short.
		evReconnect:  withLease(always(Busy, ReasonNone, actClose, actDial)),
		evLost:       withLease(always(Stopping, ReasonLost, actClose, actTerm)),
		evViolation:  withLease(always(Killing, ReasonBrokenProtocol, actClose, actKill)),
		evDialed:     withoutLease(idleOrStop),
		evDialFailed: withoutLease(always(Stopping, ReasonLost, actTerm)),
		evRetire:     always(Busy, ReasonNone, actRemember),
		evKill:       always(Killing, ReasonNone, actFail, actClose, actKill),
		evExited:     always(Down, ReasonNone, actFail, actClose),
	},
	Stopping: {
		evTimeout:     always(Killing, ReasonNone, actKill),
		evStarted:     bug(Stopping),
		evStartFailed: bug(Stopping),
		evLease:       bug(Stopping),
		evRelease:     bug(Stopping),
		evReconnect:   bug(Stopping),
		evLost:        bug(Stopping),
		evViolation:   bug(Stopping),
		evDialed:      bug(Stopping),
		evDialFailed:  bug(Stopping),
		evRetire:      always(Stopping, ReasonNone),
		evKill:        always(Killing, ReasonNone, actKill),
		evExited:      always(Down, ReasonNone),
	},
	Killing: {
		evTimeout:     always(Killing, ReasonNone, actKill),
		evStarted:     always(Killing, ReasonNone, actClose, actKill),
		evStartFailed: always(Down, ReasonNone),
		evLease:       bug(Killing),
		evRelease:     bug(Killing),
		evReconnect:   bug(Killing),
		evLost:        bug(Killing),
		evViolation:   bug(Killing),
		// The Dial was under way when the worker was killed.
		evDialed:     always(Killing, ReasonNone, actClose),
		evDialFailed: always(Killing, ReasonNone),
		evRetire:     always(Killing, ReasonNone),
		evKill:       always(Killing, ReasonNone),
		evExited:     always(Down, ReasonNone),
	},
}
