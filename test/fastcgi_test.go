//go:build integration

package test

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"time"
)

// The records of FastCGI 1.0, written here once more, so that the tests do not share the relay's mistakes.
const (
	beginRequest    = 1
	abortRequest    = 2
	endRequest      = 3
	paramsRecord    = 4
	stdinRecord     = 5
	stdoutRecord    = 6
	stderrRecord    = 7
	getValues       = 9
	getValuesResult = 10
	unknownType     = 11
)

// record is one record with padding up to a multiple of 8.
func record(kind byte, id uint16, content string) string {
	padding := -len(content) & 7
	h := []byte{1, kind, 0, 0, 0, 0, byte(padding), 0}
	binary.BigEndian.PutUint16(h[2:], id)
	binary.BigEndian.PutUint16(h[4:], uint16(len(content)))
	return string(h) + content + strings.Repeat("\x00", padding)
}

// stream is content in records of at most size bytes, and the empty one that ends it.
func stream(kind byte, id uint16, content string, size int) string {
	var b strings.Builder
	for content != "" {
		n := min(size, len(content))
		b.WriteString(record(kind, id, content[:n]))
		content = content[n:]
	}
	return b.String() + record(kind, id, "")
}

// begin is a BEGIN_REQUEST.
func begin(id, role uint16, keep bool) string {
	flags := byte(0)
	if keep {
		flags = 1
	}
	return record(beginRequest, id, string([]byte{byte(role >> 8), byte(role), flags, 0, 0, 0, 0, 0}))
}

// pairs are name-value pairs: name, value, name, value, ...
func pairs(list ...string) string {
	var b []byte
	length := func(n int) {
		if n < 128 {
			b = append(b, byte(n))
		} else {
			b = binary.BigEndian.AppendUint32(b, uint32(n)|1<<31)
		}
	}
	for i := 0; i < len(list); i += 2 {
		length(len(list[i]))
		length(len(list[i+1]))
		b = append(b, list[i]+list[i+1]...)
	}
	return string(b)
}

// scriptParams are what a request for a script of the site needs at least.
func (j *jpm) scriptParams(script string) []string {
	return []string{
		"SCRIPT_FILENAME", filepath.Join(j.dir, "site", script), "SCRIPT_NAME", "/" + script, "REQUEST_URI", "/" + script,
		"REQUEST_METHOD", "GET", "SERVER_PROTOCOL", "HTTP/1.1", "GATEWAY_INTERFACE", "CGI/1.1", "REMOTE_ADDR", "192.0.2.7",
	}
}

// simple is a whole request without a body.
func simple(id uint16, keep bool, params ...string) string {
	return begin(id, 1, keep) + stream(paramsRecord, id, pairs(params...), 65535) + record(stdinRecord, id, "")
}

// dial connects to a site's socket. Reads fail after a while.
func (j *jpm) dial(name string) net.Conn {
	j.t.Helper()
	c, err := net.Dial("unix", j.socket(name))
	if err != nil {
		j.t.Fatal(err)
	}
	j.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c
}

// reply is a request's answer as it came in records.
type reply struct {
	stdout, stderr string
	ended          bool // END_REQUEST came
	protocolStatus byte
}

// readRecord reads one record.
func readRecord(r io.Reader) (kind byte, id uint16, content string, err error) {
	h := make([]byte, 8)
	if _, err := io.ReadFull(r, h); err != nil {
		return 0, 0, "", err
	}
	if h[0] != 1 {
		return 0, 0, "", errors.New("version byte is not 1")
	}
	body := make([]byte, int(binary.BigEndian.Uint16(h[4:]))+int(h[6]))
	if _, err := io.ReadFull(r, body); err != nil {
		return 0, 0, "", err
	}
	return h[1], binary.BigEndian.Uint16(h[2:]), string(body[:len(body)-int(h[6])]), nil
}

// readReply reads until the end of request id.
func readReply(r io.Reader, id uint16) (reply, error) {
	var a reply
	for {
		kind, got, content, err := readRecord(r)
		switch {
		case err != nil:
			return a, err
		case got != id:
			return a, errors.New("record of another request")
		case kind == stdoutRecord:
			a.stdout += content
		case kind == stderrRecord:
			a.stderr += content
		case kind == endRequest:
			a.ended, a.protocolStatus = true, content[4]
			return a, nil
		}
	}
}

// exchange sends a request on a connection of its own and reads the answer.
func (j *jpm) exchange(request string) reply {
	j.t.Helper()
	c := j.dial("site")
	go io.WriteString(c, request) // the answer may come before all is written
	a, err := readReply(c, 1)
	if err != nil {
		j.t.Fatalf("%v, after %q", err, clip(a.stdout))
	}
	return a
}

// healthy fails the test unless the site answers an honest request.
func (j *jpm) healthy() {
	j.t.Helper()
	if a := j.exchange(simple(1, false, j.scriptParams("index.php")...)); !strings.Contains(a.stdout, "hello") {
		j.t.Errorf("an honest request got %q", clip(a.stdout))
	}
}
