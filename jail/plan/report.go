package plan

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// Messages between jpm-init and the master are one packet each, told apart by their first byte.
//
//	exec stage → master   Ready   with its credentials, so that the master learns the host's pid
//	master → exec stage   Go      once the master has looked at it
//	exec stage → master   Listener  with the number of the filter's listener, if the plan asks for one
//	master → exec stage   Go      once the master has it
//	either stage → master Failed  step, errno, text; the jail is being torn down
//	exec stage → master   end of file: the close-on-exec descriptor is gone, so the program runs
const (
	Ready    = 'R'
	Go       = 'G'
	Listener = 'L'
	Failed   = 'E'
)

// ListenerSize is the length of a Listener packet: its first byte and the number, four bytes, little endian.
const ListenerSize = 5

// MaxMessage is the longest packet.
const MaxMessage = 1024

// StepError says which step of building a jail failed and why. The worker was not started.
type StepError struct {
	Step string
	Err  error
}

func (e *StepError) Error() string { return "jail step " + e.Step + ": " + e.Err.Error() }

// Unwrap gives the cause; errors.Is finds the errno.
func (e *StepError) Unwrap() error { return e.Err }

// EncodeFailure makes a Failed packet of e, cut to MaxMessage.
func EncodeFailure(e *StepError) []byte {
	var errno syscall.Errno
	errors.As(e.Err, &errno)
	b := []byte{Failed}
	b = binary.LittleEndian.AppendUint32(b, uint32(errno))
	b = append(b, e.Step...)
	b = append(b, 0)
	b = append(b, e.Err.Error()...)
	return b[:min(len(b), MaxMessage)]
}

// remote is an error that was told over the socket: its text, and its errno for errors.Is.
type remote struct {
	text  string
	errno syscall.Errno
}

func (r remote) Error() string { return r.text }
func (r remote) Unwrap() error {
	if r.errno == 0 {
		return nil
	}
	return r.errno
}

// DecodeFailure reads a Failed packet. The packet comes from a process that has not run foreign code yet, but its text is still
// kept to printable bytes.
func DecodeFailure(b []byte) (*StepError, error) {
	if len(b) < 6 || len(b) > MaxMessage || b[0] != Failed {
		return nil, fmt.Errorf("jpm-init sent %d bytes that are no failure report", len(b))
	}
	step, text, ok := strings.Cut(string(b[5:]), "\x00")
	if !ok {
		return nil, fmt.Errorf("jpm-init sent a failure report without a step")
	}
	return &StepError{printable(step), remote{printable(text), syscall.Errno(binary.LittleEndian.Uint32(b[1:]))}}, nil
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, s)
}

// StatusSize is the length of an encoded wait status.
const StatusSize = 4

// EncodeStatus encodes the wait status of the worker (wait(2)).
func EncodeStatus(ws syscall.WaitStatus) []byte {
	return binary.LittleEndian.AppendUint32(nil, uint32(ws))
}

// DecodeStatus reads what EncodeStatus wrote; ok is false if b is anything else.
func DecodeStatus(b []byte) (ws syscall.WaitStatus, ok bool) {
	if len(b) != StatusSize {
		return 0, false
	}
	ws = syscall.WaitStatus(binary.LittleEndian.Uint32(b))
	return ws, ws.Exited() || ws.Signaled()
}
