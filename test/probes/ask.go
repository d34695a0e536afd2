package probes

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"time"
)

// patience bounds one attempt.
const patience = time.Minute

// answer is what came back for a request.
type answer struct {
	head, body string
}

// status is that of the header, "200" if it has none.
func (a answer) status() string {
	for line := range strings.Lines(a.head) {
		if s, ok := strings.CutPrefix(line, "Status: "); ok && len(s) >= 3 {
			return s[:3]
		}
	}
	return "200"
}

// ask sends one FastCGI request on a connection of its own.
func ask(socket string, params map[string]string) (answer, error) {
	c, err := net.DialTimeout("unix", socket, patience)
	if err != nil {
		return answer{}, err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return answer{}, err
	}
	var pairs []byte
	for _, name := range slices.Sorted(maps.Keys(params)) {
		for _, s := range []string{name, params[name]} {
			pairs = binary.BigEndian.AppendUint32(pairs, uint32(len(s))|1<<31)
		}
		pairs = append(append(pairs, name...), params[name]...)
	}
	record := func(kind byte, content []byte) []byte {
		h := []byte{1, kind, 0, 1, 0, 0, 0, 0}
		binary.BigEndian.PutUint16(h[4:], uint16(len(content)))
		return append(h, content...)
	}
	message := slices.Concat(record(1, []byte{0, 1, 0, 0, 0, 0, 0, 0}), record(4, pairs), record(4, nil), record(5, nil))
	if _, err := c.Write(message); err != nil {
		return answer{}, err
	}
	var out []byte
	for {
		h := make([]byte, 8)
		if _, err := io.ReadFull(c, h); err != nil {
			return answer{}, fmt.Errorf("answer of %d bytes: %w", len(out), err)
		}
		content := make([]byte, int(binary.BigEndian.Uint16(h[4:]))+int(h[6]))
		if _, err := io.ReadFull(c, content); err != nil {
			return answer{}, fmt.Errorf("answer of %d bytes: %w", len(out), err)
		}
		switch h[1] {
		case 6:
			out = append(out, content[:len(content)-int(h[6])]...)
		case 3:
			head, body, _ := strings.Cut(string(out), "\r\n\r\n")
			return answer{head, body}, nil
		}
	}
}

// page is a request for a script.
func page(file, query string) map[string]string {
	return map[string]string{
		"SCRIPT_FILENAME": file, "SCRIPT_NAME": "/x.php", "REQUEST_URI": "/x.php?" + query, "QUERY_STRING": query,
		"REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.1", "GATEWAY_INTERFACE": "CGI/1.1", "HTTP_HOST": "localhost",
		"REMOTE_ADDR": "127.0.0.1", "REDIRECT_STATUS": "200",
	}
}
