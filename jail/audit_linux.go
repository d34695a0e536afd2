package jail

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// audit hears from the kernel which system call a process was killed for: seccomp's record in the audit log (AUDIT_SECCOMP, audit since
// Linux 3.16, netlink(7)). A process that was killed cannot be asked any more, and its listener is not asked before.
type audit struct {
	f    *os.File
	done chan struct{}

	mu    sync.Mutex
	calls map[int]uint32 // by pid, of those that nobody has asked for yet
	more  chan struct{}  // closed and made anew when a call comes
}

// auditKept bounds the records that nobody asks for: other programs of the host are killed so too.
const auditKept = 256

// auditWait is how much later than the process's end its record may come.
const auditWait = 50 * time.Millisecond

// newAudit subscribes. It fails where the kernel has no audit, in containers, and without CAP_AUDIT_READ.
func newAudit() (*audit, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_AUDIT)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	// Nothing but these records wakes us, whatever else the host's audit says. The type is the header's third half word, in our byte
	// order, and BPF loads in the network's.
	const seccompRecord = unix.AUDIT_SECCOMP>>8 | unix.AUDIT_SECCOMP&0xff<<8
	only := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_H | unix.BPF_ABS, K: 4},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: seccompRecord},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0xffff},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
	}
	if err = unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(only)), Filter: &only[0]}); err == nil {
		err = unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: 1 << (unix.AUDIT_NLGRP_READLOG - 1)})
	}
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("audit: %w", err)
	}
	a := &audit{f: os.NewFile(uintptr(fd), "audit"), done: make(chan struct{}), calls: make(map[int]uint32), more: make(chan struct{})}
	go a.read()
	return a, nil
}

func (a *audit) close() {
	if a != nil {
		a.f.Close()
		<-a.done
	}
}

func (a *audit) read() {
	defer close(a.done)
	b := make([]byte, 16<<10)
	for {
		n, err := a.f.Read(b)
		if err != nil && !errors.Is(err, unix.ENOBUFS) {
			return
		}
		if pid, nr, ok := parseAudit(b[:max(n, 0)]); ok {
			a.mu.Lock()
			if len(a.calls) >= auditKept {
				clear(a.calls)
			}
			a.calls[pid] = nr
			close(a.more)
			a.more = make(chan struct{})
			a.mu.Unlock()
		}
	}
}

// killedFor is the number of the system call that a process was killed for, if the kernel tells.
func (a *audit) killedFor(pid int) (uint32, bool) {
	if a == nil {
		return 0, false
	}
	late := time.After(auditWait)
	for {
		a.mu.Lock()
		nr, ok := a.calls[pid]
		delete(a.calls, pid)
		more := a.more
		a.mu.Unlock()
		if ok {
			return nr, true
		}
		select {
		case <-more:
		case <-late:
			return 0, false
		case <-a.done:
			return 0, false
		}
	}
}

// parseAudit takes pid and system call from a record: a netlink header and "audit(...): auid=... pid=3693 comm="worker" ... sig=31
// arch=c000003e syscall=427 ...". What a process chooses of it, comm and exe, has no space in it, or is in hexadecimal.
func parseAudit(b []byte) (pid int, nr uint32, ok bool) {
	const header = 16 // struct nlmsghdr
	if len(b) < header {
		return 0, 0, false
	}
	value := func(name string) (uint64, bool) {
		for f := range bytes.FieldsSeq(b[header:]) {
			if v, ok := bytes.CutPrefix(f, []byte(name+"=")); ok {
				n, err := strconv.ParseUint(string(bytes.TrimRight(v, "\x00")), 10, 32)
				return n, err == nil
			}
		}
		return 0, false
	}
	p, ok1 := value("pid")
	n, ok2 := value("syscall")
	sig, ok3 := value("sig")
	if !ok1 || !ok2 || !ok3 || unix.Signal(sig) != unix.SIGSYS {
		return 0, 0, false
	}
	return int(p), uint32(n), true
}
