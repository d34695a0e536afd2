package main

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// answer follows one HTTP/1.1 response (RFC 9112) through the pieces it comes in. Its zero value waits for a response's first byte.
// It knows what nginx sends to GET requests: a body with a length or in chunks.
type answer struct {
	line    []byte // the header, or a line between chunks, as far as it has come
	at      stage
	left    int64 // bytes of the body or chunk still to come
	chunked bool
	// closing says that the server closes the connection after this response.
	closing bool
}

// stage is what of a response comes next.
type stage int

const (
	inHead      stage = iota
	inBody            // left bytes
	inSize            // the line with a chunk's size
	inChunk           // left bytes
	afterChunk        // the end of line behind a chunk
	inTrailer         // lines up to an empty one
	afterAnswer       // nothing
)

// maxHead bounds a response's header, and any line between chunks.
const maxHead = 64 << 10

var errSurplus = errors.New("bytes after the end of the response")

// feed takes the next bytes of the connection and tells whether the response ends with them. A response that is malformed, has a status
// other than 2xx or 3xx, or is followed by more bytes is an error.
func (a *answer) feed(b []byte) (done bool, err error) {
	for len(b) > 0 {
		switch a.at {
		case inHead:
			if b = a.take(b, "\r\n\r\n"); bytes.HasSuffix(a.line, []byte("\r\n\r\n")) {
				err = a.head(string(a.line))
				a.line = a.line[:0]
			}
		case inBody, inChunk:
			n := min(a.left, int64(len(b)))
			b, a.left = b[n:], a.left-n
			if a.left == 0 && a.at == inBody {
				a.at = afterAnswer
			} else if a.left == 0 {
				a.at = afterChunk
			}
		case inSize, afterChunk, inTrailer:
			if b = a.take(b, "\r\n"); bytes.HasSuffix(a.line, []byte("\r\n")) {
				err = a.between(string(a.line[:len(a.line)-2]))
				a.line = a.line[:0]
			}
		case afterAnswer:
			err = errSurplus
		}
		if len(a.line) > maxHead {
			err = errors.New("a header or line without end")
		}
		if err != nil {
			return false, err
		}
	}
	return a.at == afterAnswer, nil
}

// take moves bytes of b to the line until that ends with end or b is empty, and returns the rest.
func (a *answer) take(b []byte, end string) []byte {
	for i, c := range b {
		a.line = append(a.line, c)
		if c == '\n' && bytes.HasSuffix(a.line, []byte(end)) {
			return b[i+1:]
		}
	}
	return nil
}

// head reads the status line and the fields.
func (a *answer) head(head string) error {
	status, fields, _ := strings.Cut(head, "\r\n")
	version, rest, _ := strings.Cut(status, " ")
	code, _, _ := strings.Cut(rest, " ")
	if !strings.HasPrefix(version, "HTTP/1.") || len(code) != 3 {
		return fmt.Errorf("no response begins with %q", status)
	}
	if code[0] != '2' && code[0] != '3' {
		return fmt.Errorf("the server answers %q", rest)
	}
	a.left = -1
	for field := range strings.SplitSeq(fields, "\r\n") {
		name, value, _ := strings.Cut(field, ":")
		value = strings.TrimSpace(value)
		switch strings.ToLower(name) {
		case "content-length":
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil || n < 0 {
				return fmt.Errorf("content length %q", value)
			}
			a.left = n
		case "transfer-encoding":
			a.chunked = strings.EqualFold(value, "chunked")
		case "connection":
			a.closing = strings.EqualFold(value, "close")
		}
	}
	switch {
	case a.chunked:
		a.at = inSize
	case a.left > 0:
		a.at = inBody
	case a.left == 0:
		a.at = afterAnswer
	default:
		return errors.New("a response that neither tells its length nor comes in chunks")
	}
	return nil
}

// between reads a line of a body in chunks that is not content.
func (a *answer) between(line string) error {
	switch a.at {
	case inSize:
		digits, _, _ := strings.Cut(line, ";")
		size, err := strconv.ParseInt(strings.TrimSpace(digits), 16, 64)
		if err != nil || size < 0 {
			return fmt.Errorf("chunk size %q", line)
		}
		a.left, a.at = size, inChunk
		if size == 0 {
			a.at = inTrailer
		}
	case afterChunk:
		if line != "" {
			return fmt.Errorf("%q behind a chunk", line)
		}
		a.at = inSize
	case inTrailer:
		if line == "" {
			a.at = afterAnswer
		}
	}
	return nil
}

// reset makes it wait for the next response.
func (a *answer) reset() { *a = answer{line: a.line[:0]} }
