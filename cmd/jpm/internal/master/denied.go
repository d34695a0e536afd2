package master

import (
	"math"

	"golang.org/x/sys/unix"

	"jpm/cmd/jpm/internal/link"
	"jpm/jail"
)

// denied tells the proxy, which knows the request, that a worker's system call was denied.
func (s *session) denied(l *life, d jail.Denial) error {
	m := link.Message{Kind: link.Denied, Worker: l.id, Denial: link.Denial{
		Time: d.Time.UnixNano(), Count: uint32(min(d.Count, math.MaxUint32)), Call: d.Call, Args: d.Args,
	}}
	if d.Errno != 0 {
		m.Denial.Errno = unix.ErrnoName(d.Errno)
	}
	return s.link.Send(m)
}
