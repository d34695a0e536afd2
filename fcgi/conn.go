package fcgi

import (
	"fmt"
	"net"
	"os"
	"syscall"
	"time"
)

// Conn is a connection to a worker. It carries one request at a time and is used by the relay between Pick and the Upstream's Done; otherwise its
// owner may only Close it, which may be done at any time and more than once.
type Conn struct {
	net.Conn
	raw    syscall.RawConn
	wakeAt time.Time // the read deadline that was set last; owned by the relay
}

// NewConn wraps a stream connection, which it then owns. The connection must come from package net.
func NewConn(c net.Conn) (*Conn, error) {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return nil, fmt.Errorf("worker connection: %T has no descriptor", c)
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("worker connection: %w", err)
	}
	return &Conn{Conn: c, raw: raw}, nil
}

// FileConn is NewConn for a connected socket that came as a file. The file is closed in any case.
func FileConn(f *os.File) (*Conn, error) {
	c, err := net.FileConn(f)
	_ = f.Close() // the connection has a descriptor of its own
	if err != nil {
		return nil, fmt.Errorf("worker connection: %w", err)
	}
	w, err := NewConn(c)
	if err != nil {
		_ = c.Close()
	}
	return w, err
}
