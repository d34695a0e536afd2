package fcgi

import (
	"bytes"
	"errors"
	"fmt"
)

// errHeader says that a worker's answer has no valid CGI header block.
var errHeader = errors.New("response header")

// headerEnd finds the end of the CGI header block in b: the offset behind its empty line, or -1 if it is not there yet. Lines end in LF or
// CRLF. from is where an earlier search of a shorter b left off.
func headerEnd(b []byte, from int) int {
	for i := max(0, from-2); ; {
		n := bytes.IndexByte(b[i:], '\n')
		if n < 0 {
			return -1
		}
		i += n + 1
		if i < len(b) && b[i] == '\n' {
			return i + 1
		}
		if i+1 < len(b) && b[i] == '\r' && b[i+1] == '\n' {
			return i + 2
		}
	}
}

// cgiHeader is what a header block says.
type cgiHeader struct {
	status  int
	dropped int // lines that were taken out
}

// checkHeader reads the header block b, its empty line included, and takes the lines out that make the web server do things for the
// site which the site itself may not. It returns what is left of b, changed in place.
func checkHeader(b []byte) ([]byte, cgiHeader, error) {
	h := cgiHeader{status: 200}
	location, kept, lines := false, 0, 0
	for at := 0; at < len(b); {
		end := at + bytes.IndexByte(b[at:], '\n') + 1
		line := bytes.TrimSuffix(b[at:end-1], []byte{'\r'})
		if len(line) > 0 {
			lines++
			name, value, err := splitLine(line)
			if err != nil {
				return b, h, err
			}
			switch {
			case bytes.EqualFold(name, nameStatus):
				if h.status, err = statusCode(value); err != nil {
					return b, h, err
				}
			case bytes.EqualFold(name, nameLocation):
				location = true
			case commands(name):
				h.dropped++
				at = end
				continue
			}
		} else if lines == 0 {
			return b, h, fmt.Errorf("%w: empty", errHeader)
		}
		if kept != at {
			copy(b[kept:], b[at:end])
		}
		kept += end - at
		at = end
	}
	if location && h.status == 200 {
		h.status = 302 // what the web server makes of it
	}
	return b[:kept], h, nil
}

var (
	nameStatus   = []byte("Status")
	nameLocation = []byte("Location")
	prefixAccel  = []byte("X-Accel-")
	buffering    = []byte("X-Accel-Buffering")
	prefixesSend = [][]byte{[]byte("X-Sendfile"), []byte("X-LIGHTTPD-send-")}
)

// commands says whether a header line is an order to the web server: to serve a file or an internal location, to cache, to set its rate.
// X-Accel-Buffering is left in: it concerns this answer alone, and event streams need it.
func commands(name []byte) bool {
	if len(name) < 3 || name[0]|0x20 != 'x' {
		return false
	}
	if hasPrefixFold(name, prefixAccel) {
		return !bytes.EqualFold(name, buffering)
	}
	for _, p := range prefixesSend {
		if hasPrefixFold(name, p) {
			return true
		}
	}
	return false
}

func hasPrefixFold(b, prefix []byte) bool {
	return len(b) >= len(prefix) && bytes.EqualFold(b[:len(prefix)], prefix)
}

// splitLine takes "name: value" apart. The name must be a token; the value may hold any byte but control characters, a tab being none.
func splitLine(line []byte) (name, value []byte, err error) {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 {
		return nil, nil, fmt.Errorf("%w: a line without a name", errHeader)
	}
	name, value = line[:colon], line[colon+1:]
	for _, c := range name {
		if c <= ' ' || c >= 0x7f {
			return nil, nil, fmt.Errorf("%w: byte %#02x in a name", errHeader, c)
		}
	}
	for _, c := range value {
		if c < ' ' && c != '\t' || c == 0x7f {
			return nil, nil, fmt.Errorf("%w: byte %#02x in a value", errHeader, c)
		}
	}
	return name, bytes.Trim(value, " \t"), nil
}

// statusCode is the number a Status line begins with.
func statusCode(v []byte) (int, error) {
	if len(v) < 3 || len(v) > 3 && v[3] != ' ' {
		return 0, fmt.Errorf("%w: status is not a number", errHeader)
	}
	code := 0
	for _, d := range v[:3] {
		if d < '0' || d > '9' {
			return 0, fmt.Errorf("%w: status is not a number", errHeader)
		}
		code = code*10 + int(d-'0')
	}
	if code < 100 {
		return 0, fmt.Errorf("%w: status %d", errHeader, code)
	}
	return code, nil
}
