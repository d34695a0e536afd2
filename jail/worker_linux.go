package jail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"jpm/jail/internal/cgroup"
	"jpm/jail/plan"
)

// Worker is one started program in its jail. All methods may be called concurrently.
type Worker struct {
	s      *Spawner
	name   string
	socket string // the listener's name in the Spawner's directory; "" without a listener

	conn, log      *os.File // handed over by Conn and Log
	status, report *os.File // jpm-init's

	pid, initPid int           // as the host sees them: the program, and PID 1 of its jail
	group        *cgroup.Group // nil where workers have none

	dial sync.Mutex // one Dial at a time: "nothing queued" must mean its own connection

	mu       sync.Mutex // guards the descriptors: -1 once released
	listener int
	init     int     // pidfd of PID 1
	worker   int     // pidfd of the program
	denied   *denied // nil without a listener

	done chan struct{} // closed when the jail is gone and exit is set
	exit Exit
}

// Exit is how a worker ended. Signal 0 means that it exited with Code.
type Exit struct {
	Code   int
	Signal syscall.Signal
	Core   bool
	// OOM: the kernel killed something in the jail for want of memory, by limits.memory, limits.pool.memory or the host's. It is only
	// known where there is a limit of memory.
	OOM bool
	// PidsRefused is how often limits.pids refused a process or thread, or limits.pool.pids where Worker.PoolPidsEvents is nil.
	PidsRefused uint64
	// Call is the system call that it was killed for, where Signal is SIGSYS and the kernel's audit tells; else "".
	Call string
}

func (e Exit) String() string {
	s := fmt.Sprintf("exit code %d", e.Code)
	if e.Signal != 0 {
		s = "signal " + unix.SignalName(e.Signal)
	}
	if e.OOM {
		s += ", out of memory"
	}
	if e.PidsRefused > 0 {
		s += fmt.Sprintf(", %d processes refused", e.PidsRefused)
	}
	return s
}

// Pid is the program's pid as the host sees it.
func (w *Worker) Pid() int { return w.pid }

// Conn is the first connection, which the program has accepted. It is the caller's to close; nil for the proxy. The
// descriptor is non-blocking.
func (w *Worker) Conn() *os.File { return w.conn }

// Log is the read end of the pipe that is the program's stdout and stderr. It is the caller's to read and to close: a full
// pipe stops the program.
func (w *Worker) Log() *os.File { return w.log }

// Dial makes another connection and comes back when the program has accepted it, which for one that serves one connection
// at a time means that it is free again. The file is the caller's. After an error the connection is closed, but may stay
// queued at the worker.
func (w *Worker) Dial(ctx context.Context) (*os.File, error) {
	if w.socket == "" {
		return nil, fmt.Errorf("dial worker %s: it has no listener", w.name)
	}
	w.dial.Lock()
	defer w.dial.Unlock()
	c, err := w.connect()
	if err != nil {
		return nil, fmt.Errorf("dial worker %s: %w", w.name, err)
	}
	if err := w.accepted(ctx); err != nil {
		c.Close()
		return nil, fmt.Errorf("dial worker %s: %w", w.name, err)
	}
	return c, nil
}

// Term sends the program SIGTERM. It is no error if it is gone already.
func (w *Worker) Term() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.signal(w.worker, unix.SIGTERM)
}

// Kill kills everything in the jail: by PID 1, with which the kernel kills the rest of its namespace, and by the cgroup. It is no error
// if it is gone already.
func (w *Worker) Kill() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.signal(w.init, unix.SIGKILL)
	return errors.Join(err, w.killCgroup())
}

func (w *Worker) signal(pidfd int, sig unix.Signal) error {
	if pidfd < 0 {
		return nil
	}
	if err := unix.PidfdSendSignal(pidfd, sig, nil, 0); err != nil && err != unix.ESRCH {
		return fmt.Errorf("signal worker %s: %w", w.name, err)
	}
	return nil
}

// Wait blocks until nothing of the jail runs any more and says how the program ended. A killed jail reads as SIGKILL.
func (w *Worker) Wait() Exit {
	<-w.done
	return w.exit
}

// Close kills the jail if it still runs, and waits for its end. What Conn and Log gave stays the caller's.
func (w *Worker) Close() {
	w.Kill()
	<-w.done
}

// endsBy says whether the program ends, by itself and within d, and then waits until PID 1 has told how.
func (w *Worker) endsBy(d time.Duration) bool {
	w.mu.Lock() // keeps the descriptor from being released
	ended := w.worker < 0
	if !ended {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(w.worker), Events: unix.POLLIN}}, int(d.Milliseconds()))
		ended = err == nil && n > 0
	}
	w.mu.Unlock()
	if !ended {
		return false
	}
	select {
	case <-w.done:
		return w.exit.Signal != unix.SIGKILL
	case <-time.After(time.Second):
		return false
	}
}

// wait reads how the program ended and then waits for PID 1. It is started once, by start, and releases what the worker held.
func (w *Worker) wait() {
	w.exit = Exit{Signal: unix.SIGKILL} // nobody told: PID 1 was killed before it could
	b := make([]byte, plan.StatusSize+1)
	n, _ := io.ReadFull(w.status, b)
	if ws, ok := plan.DecodeStatus(b[:n]); ok {
		if ws.Signaled() {
			w.exit = Exit{Signal: ws.Signal(), Core: ws.CoreDump()}
		} else {
			w.exit = Exit{Code: ws.ExitStatus()}
		}
	}
	w.mu.Lock()
	init, pid := w.init, w.pid
	w.mu.Unlock()
	if w.exit.Signal == unix.SIGSYS {
		if nr, ok := w.s.audit.killedFor(pid); ok {
			w.exit.Call = callName(nr)
		}
	}
	for {
		err := unix.Waitid(unix.P_PIDFD, init, nil, unix.WEXITED, nil)
		if err != unix.EINTR {
			break
		}
	}
	w.leaveCgroup()
	w.s.mu.Lock()
	delete(w.s.live, w)
	w.s.mu.Unlock()
	w.release()
	w.mu.Lock()
	denied := w.denied
	w.mu.Unlock()
	if denied != nil {
		denied.close()
	}
	close(w.done)
}

// release closes what only the Worker uses and removes its socket.
func (w *Worker) release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, fd := range []*int{&w.listener, &w.init, &w.worker} {
		if *fd >= 0 {
			unix.Close(*fd)
			*fd = -1
		}
	}
	if w.status != nil {
		w.status.Close()
	}
	if w.socket != "" {
		unix.Unlinkat(w.s.sock, w.socket, 0)
	}
}

// closeFiles closes what a caller would own, for a start that failed, and the report socket. That is the start's own: what jpm-init has said there
// is read also when jpm-init has ended.
func (w *Worker) closeFiles() {
	for _, f := range []*os.File{w.conn, w.log, w.report} {
		if f != nil {
			f.Close()
		}
	}
}
