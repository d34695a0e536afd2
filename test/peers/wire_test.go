//go:build integration

package peers

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"testing"
	"time"
)

// Record types and roles of the specification.
const (
	beginRecord, abortRecord, endRecord, paramsRecord, stdinRecord, stdoutRecord, stderrRecord, dataRecord, getValuesRecord = 1, 2, 3, 4, 5, 6, 7, 8, 9

	responder, authorizer, filter = 1, 2, 3
)

// record is one record, its content at most 65535 bytes.
func record(kind byte, id uint16, content string) string {
	h := []byte{1, kind, 0, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint16(h[2:], id)
	binary.BigEndian.PutUint16(h[4:], uint16(len(content)))
	return string(h) + content
}

// stream is content in records of size bytes, and its end.
func stream(kind byte, id uint16, content string, size int) string {
	var s string
	for ; len(content) > size; content = content[size:] {
		s += record(kind, id, content[:size])
	}
	if content != "" {
		s += record(kind, id, content)
	}
	return s + record(kind, id, "")
}

// begin is a BEGIN_REQUEST that keeps the connection.
func begin(id uint16, role byte) string {
	return record(beginRecord, id, string([]byte{0, role, 1, 0, 0, 0, 0, 0}))
}

// pairs encodes names and values in turn.
func pairs(kv ...string) string {
	var b []byte
	for i := 0; i < len(kv); i += 2 {
		for _, s := range kv[i : i+2] {
			if len(s) < 128 {
				b = append(b, byte(len(s)))
			} else {
				b = binary.BigEndian.AppendUint32(b, uint32(len(s))|1<<31)
			}
		}
		b = append(b, kv[i]+kv[i+1]...)
	}
	return string(b)
}

// conn is a connection to the relay, or to a worker.
type conn struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func dial(t *testing.T, path string) *conn {
	t.Helper()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return &conn{t, c, bufio.NewReader(c)}
}

// send writes while answers are read: what comes of it shows in the answer.
func (c *conn) send(s string) { go func() { _, _ = io.WriteString(c, s) }() }

// reply is the answer to one request.
type reply struct {
	stdout string
	end    string // content of END_REQUEST
	err    error
}

// reply reads the answer to a request.
func (c *conn) reply(id uint16) reply {
	_ = c.SetDeadline(time.Now().Add(patience))
	var r reply
	var out []byte
	for {
		var h [8]byte
		if _, r.err = io.ReadFull(c.r, h[:]); r.err != nil {
			break
		}
		content := make([]byte, int(binary.BigEndian.Uint16(h[4:]))+int(h[6]))
		if _, r.err = io.ReadFull(c.r, content); r.err != nil {
			break
		}
		content = content[:len(content)-int(h[6])]
		if got := binary.BigEndian.Uint16(h[2:]); h[0] != 1 || got != id {
			r.err = fmt.Errorf("a record of version %d for request %d", h[0], got)
			break
		}
		switch h[1] {
		case stdoutRecord:
			out = append(out, content...)
			continue
		case stderrRecord:
			continue
		case endRecord:
			r.end = string(content)
		default:
			r.err = fmt.Errorf("a record of type %d", h[1])
		}
		break
	}
	r.stdout = string(out)
	return r
}
