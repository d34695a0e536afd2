package pool

import "syscall"

// ID names one process of a pool: a slot and the how-manieth process of that slot it is.
// An event whose Gen is not the slot's present one is dropped: it speaks of a process that is gone.
type ID struct {
	Slot uint16 // 0 to workers.max-1
	Gen  uint64 // grows at every start of the slot, from 1
}

// Conn is the connection to a worker as the pool sees it. The pool closes it, once, and never while a lease uses it.
type Conn interface {
	Close() error
}

// Process is what a successful start brings.
type Process struct {
	Pid  int
	Conn Conn // accepted by the worker; the pool owns it from here on
}

// Exit is how a process ended.
type Exit struct {
	Code   int            // the exit status; meaningless if Signal is set
	Signal syscall.Signal // 0 if the process exited with Code
	Core   bool           // a core was dumped
	// OOM: the kernel killed it, or something in its jail, for want of memory.
	OOM bool
	// Refused is how often it was refused a process or thread because of a limit.
	Refused uint32
	// Call is the system call that it was killed for, if it was and that is known.
	Call string
}

// Starter does what blocks: it starts, connects to and ends processes, somewhere else. No method may block, or call
// the pool's event methods before it has returned. The pool calls it with none of its locks held, one call at a time.
//
// Each Start is answered by Started or by StartFailed, once. After Started exactly one Exited follows, whatever the
// cause. Each Dial is answered by Dialed, unless the process has ended.
type Starter interface {
	// Start starts a process and connects to it.
	Start(ID)
	// Dial makes a new connection to a running process. The answer comes when the process has accepted it, so it also
	// says that the process has finished what it did before.
	Dial(ID)
	// Term asks the process to end (SIGTERM).
	Term(ID)
	// Kill ends the process and everything in its jail (SIGKILL). If Start is not answered yet, it calls the start off,
	// which is answered by StartFailed, or by Started and Exited if it was too late for that.
	Kill(ID)
}
