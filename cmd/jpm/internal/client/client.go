// Package client sends single FastCGI requests through gofast, with the guards that make it safe to use: one
// connection a request, a deadline, and a check that the answer was complete.
package client

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"

	"github.com/yookoala/gofast"
)

// ErrTruncated says that the connection ended before the answer did.
var ErrTruncated = errors.New("the answer is not complete")

// Address splits "unix:/path", a path, "tcp:host:port" or "host:port" into what net.Dial takes. What has no colon is a path.
func Address(s string) (network, address string) {
	if path, ok := strings.CutPrefix(s, "unix:"); ok {
		return "unix", path
	}
	if strings.HasPrefix(s, "/") || !strings.Contains(s, ":") {
		return "unix", s
	}
	return "tcp", strings.TrimPrefix(s, "tcp:")
}

// Do sends r, with params beside those that follow from r itself, to the FastCGI server at address, and writes the
// answer to w and what came on FCGI_STDERR to stderr. r's context bounds everything, and its body is closed.
// The error is ErrTruncated when an answer broke off; w may have been written to.
func Do(r *http.Request, address string, params map[string]string, w http.ResponseWriter, stderr io.Writer) error {
	network, addr := Address(address)
	nc, err := new(net.Dialer).DialContext(r.Context(), network, addr)
	if err != nil {
		return err
	}
	conn := &watched{Conn: nc}
	defer conn.Close()
	// gofast itself never gives up on a worker: closing the connection under it is what ends its goroutines.
	defer context.AfterFunc(r.Context(), func() { nc.Close() })()

	c, err := gofast.SimpleClientFactory(func() (net.Conn, error) { return conn, nil })()
	if err != nil {
		return err
	}
	session := gofast.BasicParamsMap(func(c gofast.Client, req *gofast.Request) (*gofast.ResponsePipe, error) {
		maps.Copy(req.Params, params)
		return c.Do(req)
	})
	resp, err := session(c, gofast.NewRequest(r))
	if err != nil {
		if ended := r.Context().Err(); ended != nil {
			return ended // which has caused the other
		}
		return err
	}
	err = resp.WriteTo(w, stderr)
	switch {
	case r.Context().Err() != nil:
		return r.Context().Err()
	case !conn.ended():
		return ErrTruncated
	case err != nil:
		return fmt.Errorf("answer: %w", err)
	}
	return nil
}

// HeaderParams turns HTTP header fields into CGI parameters. Proxy is left out (CVE-2016-5385), and so is every name
// that is ambiguous once "-" has become "_".
func HeaderParams(h http.Header) map[string]string {
	p := map[string]string{}
	for name, values := range h {
		if name == "Proxy" || name == "Content-Type" || name == "Content-Length" || strings.Contains(name, "_") {
			continue
		}
		sep := ", "
		if name == "Cookie" {
			sep = "; "
		}
		p["HTTP_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_"))] = strings.Join(values, sep)
	}
	return p
}

// watched follows the records that are read from a connection, because gofast takes any end for a good one.
// Only one goroutine reads.
type watched struct {
	net.Conn
	head [8]byte
	have int  // bytes of head
	skip int  // bytes of content and padding left
	end  bool // END_REQUEST was seen whole
	last bool // the record being skipped is END_REQUEST
}

const (
	headerSize = 8
	endRequest = 3
)

// Read implements net.Conn.
func (c *watched) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.walk(b[:n])
	return n, err
}

func (c *watched) walk(b []byte) {
	for len(b) > 0 {
		if c.skip > 0 {
			n := min(c.skip, len(b))
			b = b[n:]
			if c.skip -= n; c.skip == 0 && c.last {
				c.end = true
			}
			continue
		}
		n := copy(c.head[c.have:], b)
		b = b[n:]
		if c.have += n; c.have < headerSize {
			return
		}
		c.have = 0
		c.last = c.head[1] == endRequest
		c.skip = int(binary.BigEndian.Uint16(c.head[4:])) + int(c.head[6])
	}
}

func (c *watched) ended() bool { return c.end }
