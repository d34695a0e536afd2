package status

import "time"

// Incident is one thing that a jail or the proxy has stopped, with the request it happened in.
type Incident struct {
	Time time.Time `json:"time"`
	Pool string    `json:"pool"`
	// Worker is the worker's slot and Pid its process; nil and 0 if no worker saw the request.
	Worker *uint16 `json:"worker,omitempty"`
	Pid    int     `json:"pid,omitempty"`
	// Layer is what has stopped it, and Action how.
	Layer  Fence  `json:"layer"`
	Action Action `json:"action"`
	// Syscall, Arguments and Errno are those of a system call, where they are known. Text of the worker's is quoted and printable.
	Syscall   string `json:"syscall,omitempty"`
	Arguments string `json:"arguments,omitempty"`
	Errno     string `json:"errno,omitempty"`
	// Limit is which one was met, where the layer is one of limits: memory, pids, file_size or cpu.
	Limit string `json:"limit,omitempty"`
	// Detail says more in words.
	Detail string `json:"detail,omitempty"`
	// Count is how many of its kind this one stands for, mostly 1: those of a flood are told as a sum.
	Count uint64 `json:"count"`
	// Request is what the worker served, or had served last. Nil means that it had served nothing yet, or that too much has come since.
	*Request
}

// Request is what an incident says of a request.
type Request struct {
	Method string `json:"method"`
	URI    string `json:"uri"`
	Script string `json:"script"`
	Client string `json:"client"`
	// ID is REQUEST_ID, "" where the web server sends none.
	ID string `json:"request_id,omitempty"`
}

// Fence is what has stopped something.
type Fence string

// The layers that tell of incidents.
const (
	Seccomp  Fence = "seccomp"  // a system call that the profile denies or kills for
	Cgroup   Fence = "cgroup"   // a limit of the worker's cgroup: memory, or pids
	Rlimit   Fence = "rlimit"   // a resource limit that kills: file size, CPU time
	Protocol Fence = "protocol" // what a worker sent is not FastCGI
	Scripts  Fence = "scripts"  // a request names a script that it may not
)

// Fences returns the layers in a fixed order.
func Fences() []Fence { return []Fence{Seccomp, Cgroup, Rlimit, Protocol, Scripts} }

// Action is how something was stopped.
type Action string

// The actions.
const (
	Denied  Action = "denied"  // the call has failed and the worker goes on
	Killed  Action = "killed"  // the worker is dead
	Refused Action = "refused" // the request reached no worker
)

// Incidents are a pool's.
type Incidents struct {
	// Counts says how many there were, by layer; every layer is there.
	Counts map[Fence]uint64 `json:"counts"`
	// Last are the latest, the newest first, at most MaxIncidents.
	Last []Incident `json:"last"`
}

// MaxIncidents is how many incidents of a pool are kept.
const MaxIncidents = 50

// total sums the counts.
func (i Incidents) total() uint64 {
	var n uint64
	for _, c := range i.Counts {
		n += c
	}
	return n
}
