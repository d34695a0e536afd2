package jail

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"jpm/jail/plan"
)

// handshake talks with jpm-init until the program runs: the first Go says that PID 1 is in its cgroups, Ready brings the pid, the
// descriptors are looked at, Go is the answer, the listener of the system call filter is fetched, and the end of the socket says that
// exec happened.
func (w *Worker) handshake(l *launch) error {
	if err := w.place(); err != nil {
		return err
	}
	if _, err := w.report.Write([]byte{plan.Go}); err != nil {
		return fmt.Errorf("answer jpm-init: %w", err)
	}
	msg, pid, err := w.receive()
	if err != nil {
		return err
	}
	if msg == nil || msg[0] != plan.Ready || pid <= 0 {
		return fmt.Errorf("jpm-init ended or sent %q before the worker was ready", msg)
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return fmt.Errorf("pidfd_open worker: %w", err)
	}
	w.mu.Lock()
	w.pid, w.worker = pid, fd
	w.mu.Unlock()
	if !w.s.o.skipVerify {
		if err := verifyReady(pid, l); err != nil {
			return err
		}
	}
	if _, err := w.report.Write([]byte{plan.Go}); err != nil {
		return fmt.Errorf("answer jpm-init: %w", err)
	}
	if l.plan.Listener != 0 {
		if msg, _, err = w.receive(); err != nil {
			return err
		}
		if msg == nil { // the program runs without
			if !w.s.o.skipVerify {
				return &VerifyError{"listener", listenerLink, "none"}
			}
			return w.report.Close()
		}
		if err := w.takeListener(msg, l.profile, l.denied); err != nil {
			return err
		}
		if _, err := w.report.Write([]byte{plan.Go}); err != nil {
			return fmt.Errorf("answer jpm-init: %w", err)
		}
	}
	if msg, _, err = w.receive(); err != nil {
		return err
	}
	if msg != nil {
		return fmt.Errorf("jpm-init sent %q instead of becoming the worker", msg)
	}
	return w.report.Close()
}

// receive reads one packet and the sender's pid in our pid namespace. A nil packet is the end. A Failed packet comes back
// as its *StepError.
func (w *Worker) receive() (msg []byte, pid int, err error) {
	c, err := w.report.SyscallConn()
	if err != nil {
		return nil, 0, fmt.Errorf("report socket: %w", err)
	}
	b, oob := make([]byte, plan.MaxMessage+1), make([]byte, unix.CmsgSpace(unix.SizeofUcred))
	var n, oobn int
	var rerr error
	if err := c.Read(func(fd uintptr) bool {
		for {
			n, oobn, _, _, rerr = unix.Recvmsg(int(fd), b, oob, unix.MSG_CMSG_CLOEXEC)
			if rerr != unix.EINTR {
				return rerr != unix.EAGAIN
			}
		}
	}); err != nil {
		return nil, 0, fmt.Errorf("report socket: %w", err)
	}
	if rerr == unix.ECONNRESET {
		return nil, 0, nil // it closed with our answer unread
	}
	if rerr != nil {
		return nil, 0, fmt.Errorf("report socket: %w", rerr)
	}
	if n == 0 {
		return nil, 0, nil
	}
	if b[0] == plan.Failed {
		step, err := plan.DecodeFailure(b[:n])
		if err != nil {
			return nil, 0, err
		}
		return nil, 0, step
	}
	if cmsgs, err := unix.ParseSocketControlMessage(oob[:oobn]); err == nil {
		for i := range cmsgs {
			if cred, err := unix.ParseUnixCredentials(&cmsgs[i]); err == nil {
				pid = int(cred.Pid)
			}
		}
	}
	return b[:n], pid, nil
}

// program is the file that must be running after exec.
type program struct{ dev, ino uint64 }

// findProgram finds the file that exec will run: the descriptor's, or the path's as the jail will resolve it, or the
// interpreter's that a script names.
func findProgram(p *plan.Plan, exe *os.File) (program, error) {
	if exe != nil {
		fd, err := dup(exe)
		if err != nil {
			return program{}, fmt.Errorf("program %s: %w", exe.Name(), err)
		}
		defer unix.Close(fd)
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil {
			return program{}, fmt.Errorf("program %s: %w", exe.Name(), err)
		}
		return program{uint64(st.Dev), st.Ino}, nil
	}
	name := p.Path
	for range 2 {
		real, err := resolveLinks(name)
		if err != nil {
			return program{}, fmt.Errorf("command: %w", err)
		}
		if err := mayExec(p, real); err != nil {
			return program{}, fmt.Errorf("command %s is %s: %w", p.Path, real, err)
		}
		f, err := os.Open(real)
		if err != nil {
			return program{}, fmt.Errorf("command: %w", err)
		}
		head := make([]byte, 256)
		n, err := io.ReadFull(f, head)
		f.Close()
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
			return program{}, fmt.Errorf("command: %w", err)
		}
		if interpreter := shebang(head[:n]); interpreter != "" {
			name = interpreter
			continue
		}
		var st unix.Stat_t
		if err := unix.Stat(real, &st); err != nil {
			return program{}, fmt.Errorf("command: %w", err)
		}
		return program{uint64(st.Dev), st.Ino}, nil
	}
	return program{}, fmt.Errorf("command %s: the interpreter it names is a script itself", p.Path)
}

// resolveLinks follows the symlinks of the host; those of the jail's runtime are the same.
func resolveLinks(name string) (string, error) {
	fd, err := unix.Open(name, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", fmt.Errorf("open %s: %w", name, err)
	}
	defer unix.Close(fd)
	real, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
	if err != nil {
		return "", err
	}
	return path.Clean(real), nil
}

// shebang is the interpreter of a script's first line, "" for other files.
func shebang(head []byte) string {
	if len(head) < 2 || head[0] != '#' || head[1] != '!' {
		return ""
	}
	line := head[2:]
	if i := slices.Index(line, '\n'); i >= 0 {
		line = line[:i]
	}
	for len(line) > 0 && (line[0] == ' ' || line[0] == '\t') {
		line = line[1:]
	}
	for i, c := range line {
		if c == ' ' || c == '\t' {
			line = line[:i]
			break
		}
	}
	return string(line)
}
