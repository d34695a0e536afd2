package pool

import "fmt"

// State says where a worker's process is. Why it is going and whether it should be there are separate: see Reason.
// The zero value is Down.
type State uint8

// The states, in the order of a worker's life.
const (
	Down     State = iota // no process
	Starting              // Start was asked for and is not answered yet
	Idle                  // has a connection and no request
	Busy                  // leased, or the lease is over and a new connection is awaited
	Stopping              // was asked to end
	Killing               // was killed and is not reaped yet
	numStates
)

var stateNames = [numStates]string{
	Down:     "down",
	Starting: "starting",
	Idle:     "idle",
	Busy:     "busy",
	Stopping: "stopping",
	Killing:  "killing",
}

// States returns every state in the order of a worker's life.
func States() []State {
	return []State{Down, Starting, Idle, Busy, Stopping, Killing}
}

// String returns the state's name as logs, status and metrics show it.
func (s State) String() string {
	if s < numStates {
		return stateNames[s]
	}
	return fmt.Sprintf("state(%d)", uint8(s))
}

// MarshalText makes a state its name in JSON, also as the key of an object.
func (s State) MarshalText() ([]byte, error) {
	if s >= numStates {
		return nil, fmt.Errorf("state %d: unknown", uint8(s))
	}
	return []byte(stateNames[s]), nil
}

// UnmarshalText reads what MarshalText wrote.
func (s *State) UnmarshalText(text []byte) error {
	for i, name := range stateNames {
		if name == string(text) {
			*s = State(i)
			return nil
		}
	}
	return fmt.Errorf("state %q: unknown", text)
}
