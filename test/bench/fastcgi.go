package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// The parts of FastCGI that one plain request needs (specification, section 8).
const (
	fcgiBegin  = 1
	fcgiEnd    = 3
	fcgiParams = 4
	fcgiStdin  = 5
	fcgiStdout = 6
	fcgiStderr = 7
)

// fcgiRequest is a GET of script with parameters as nginx sends them, for a connection that is kept.
func fcgiRequest(script string) []byte {
	b := fcgiRecord(nil, fcgiBegin, []byte{0, 1, 1, 0, 0, 0, 0, 0}) // responder, keep the connection
	var params []byte
	for _, p := range [][2]string{
		{"QUERY_STRING", ""}, {"REQUEST_METHOD", "GET"}, {"CONTENT_TYPE", ""}, {"CONTENT_LENGTH", ""}, {"SCRIPT_FILENAME", script},
		{"SCRIPT_NAME", "/small.php"}, {"REQUEST_URI", "/small.php"}, {"DOCUMENT_URI", "/small.php"}, {"SERVER_PROTOCOL", "HTTP/1.1"},
		{"REQUEST_SCHEME", "http"}, {"GATEWAY_INTERFACE", "CGI/1.1"}, {"SERVER_SOFTWARE", "nginx/1.22.1"}, {"REMOTE_ADDR", "127.0.0.1"},
		{"REMOTE_PORT", "40000"}, {"SERVER_ADDR", "127.0.0.1"}, {"SERVER_PORT", "80"}, {"SERVER_NAME", "localhost"}, {"REDIRECT_STATUS", "200"},
		{"HTTP_HOST", "127.0.0.1"},
	} {
		params = append(params, byte(len(p[0]))) // none is longer than 127 bytes
		if len(p[1]) > 127 {
			params = binary.BigEndian.AppendUint32(params, uint32(len(p[1]))|1<<31)
		} else {
			params = append(params, byte(len(p[1])))
		}
		params = append(append(params, p[0]...), p[1]...)
	}
	b = fcgiRecord(b, fcgiParams, params)
	b = fcgiRecord(b, fcgiParams, nil)
	return fcgiRecord(b, fcgiStdin, nil)
}

// fcgiRecord appends one record of request 1 to b.
func fcgiRecord(b []byte, kind byte, content []byte) []byte {
	b = append(b, 1, kind, 0, 1)
	b = binary.BigEndian.AppendUint16(b, uint16(len(content)))
	return append(append(b, 0, 0), content...)
}

// fcgiClient asks one FastCGI server over one connection, one request after the other.
type fcgiClient struct {
	w    io.Writer
	r    *bufio.Reader
	body []byte // the answer's stdout
}

func newFCGIClient(conn io.ReadWriter) *fcgiClient {
	return &fcgiClient{w: conn, r: bufio.NewReader(conn)}
}

// ask sends a request that fcgiRequest made and returns the whole answer, header and body, which is good until the next call.
// Anything on stderr and any status but 0 is an error.
func (c *fcgiClient) ask(request []byte) ([]byte, error) {
	if _, err := c.w.Write(request); err != nil {
		return nil, fmt.Errorf("send request: %w", err)
	}
	c.body = c.body[:0]
	for {
		var head [8]byte
		if _, err := io.ReadFull(c.r, head[:]); err != nil {
			return nil, fmt.Errorf("receive answer: %w", err)
		}
		size, padding := int(binary.BigEndian.Uint16(head[4:])), int(head[6])
		have := len(c.body)
		c.body = append(c.body, make([]byte, size+padding)...)
		if _, err := io.ReadFull(c.r, c.body[have:]); err != nil {
			return nil, fmt.Errorf("receive answer: %w", err)
		}
		content := c.body[have : have+size]
		switch head[1] {
		case fcgiStdout:
			c.body = c.body[:have+size]
			continue
		case fcgiStderr:
			if size > 0 {
				return nil, errors.New("the server complains: " + strconv.Quote(string(content)))
			}
		case fcgiEnd:
			if size != 8 || string(content) != "\x00\x00\x00\x00\x00\x00\x00\x00" {
				return nil, fmt.Errorf("the request ends with %x", content)
			}
			return c.body[:have], nil
		default:
			return nil, fmt.Errorf("a record of type %d in the answer", head[1])
		}
		c.body = c.body[:have]
	}
}
