package fcgi

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrProtocol is what a worker's error Is when it broke the FastCGI protocol: a wrong version, type, id or size of a record, bytes behind the
// end, or an answer without an end to its header or its STDERR. Such a worker cannot be trusted with another request.
var ErrProtocol = errors.New("protocol violation")

func violation(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrProtocol}, args...)...)
}

// Bounds on STDERR within one response, in bytes: what is told, and what is suffered.
const (
	maxStderrTold = 64 << 10
	maxStderr     = 16 << 20
)

// response checks and cleans what a worker answers to one request. It does no I/O: the caller reads into space, tells how much by advance, and
// writes what is ready. Only whole records become ready, so that an answer can be broken off where a record would begin; the
// first of them only when the CGI header block is complete, in one record, and checked.
//
//	buf  | ready: checked, whole | a gap | raw: the begin of a record | space |
//	     from                    to      raw                          end
type response struct {
	buf      *buffer
	from, to int
	raw, end int

	id      uint16
	stderr  func([]byte) // told the content of STDERR records, within bounds; may be nil
	scanned int          // bytes of the header block that headerEnd has seen

	headed    bool // the header block is complete
	stdoutEOF bool
	stderrEOF bool
	ended     bool // END_REQUEST has come; it is the last that is ready
	trailing  bool // and then something else

	header     cgiHeader
	appStatus  uint32
	got        int64 // bytes from the worker
	content    int64 // bytes of STDOUT that were passed on, the header block included
	stderrSize int64
}

// reset prepares for the answer to a request.
func (r *response) reset(id uint16, stderr func([]byte)) {
	if r.buf == nil {
		r.buf = getBuffer()
	}
	*r = response{buf: r.buf, id: id, stderr: stderr}
}

// release gives the buffer back.
func (r *response) release() {
	if r.buf != nil {
		putBuffer(r.buf)
	}
	*r = response{}
}

// space is where the next bytes from the worker go; never empty if what is ready was taken.
func (r *response) space() []byte {
	need := headerLen
	if have := r.end - r.raw; have >= headerLen {
		need = readHeader(r.buf[r.raw:]).size()
	}
	if r.from > 0 || r.to < r.raw {
		if r.from == r.to && r.raw == r.end {
			r.from, r.to, r.raw, r.end = 0, 0, 0, 0
		} else if r.raw+need > len(r.buf) || len(r.buf)-r.end < headerLen {
			r.to = copy(r.buf[:], r.buf[r.from:r.to])
			r.end = r.to + copy(r.buf[r.to:], r.buf[r.raw:r.end])
			r.from, r.raw = 0, r.to
		}
	}
	return r.buf[r.end:]
}

// ready are the records that can go to the client now. They are good until took is called.
func (r *response) ready() []byte {
	if !r.headed {
		return nil
	}
	return r.buf[r.from:r.to]
}

// took says that n bytes of what was ready have been written.
func (r *response) took(n int) {
	r.from += n
	if r.from == r.to && n > 0 {
		r.from, r.to = r.raw, r.raw
	}
}

// advance checks n bytes that were read into space. After an error nothing more becomes ready.
func (r *response) advance(n int) error {
	r.end += n
	r.got += int64(n)
	for !r.ended && r.end-r.raw >= headerLen {
		h := readHeader(r.buf[r.raw:])
		if err := r.judge(h); err != nil {
			return err
		}
		if r.end-r.raw < h.size() {
			return nil
		}
		if err := r.record(h); err != nil {
			return err
		}
	}
	r.trailing = r.ended && r.end > r.raw
	return nil
}

// judge checks a record by its header, before its content is there.
func (r *response) judge(h header) error {
	if h.version != version1 {
		return violation("version %d", h.version)
	}
	if h.id != r.id {
		return violation("record of type %d for request %d", h.kind, h.id)
	}
	switch h.kind {
	case recStdout:
		if r.stdoutEOF {
			return violation("STDOUT after its end")
		}
		if h.length == 0 && !r.headed {
			return violation("end of STDOUT without a header block")
		}
	case recStderr:
		if r.stderrEOF && h.length == 0 {
			return violation("second end of STDERR")
		}
		if r.stderrSize+int64(h.length) > maxStderr {
			return violation("more than %d bytes of STDERR", maxStderr)
		}
	case recEndRequest:
		if h.length != bodyLen {
			return violation("END_REQUEST with %d bytes", h.length)
		}
		if !r.headed {
			return violation("END_REQUEST without a header block")
		}
	default:
		return violation("record of type %d from a worker", h.kind)
	}
	return nil
}

// record takes the whole record at raw, whose header is h.
func (r *response) record(h header) error {
	at := r.raw
	b := r.buf[at : at+h.size()]
	r.raw += len(b)
	content := b[headerLen : headerLen+int(h.length)]
	switch h.kind {
	case recStderr:
		r.stderrEOF = r.stderrEOF || h.length == 0
		if told := min(int64(len(content)), maxStderrTold-r.stderrSize); told > 0 && r.stderr != nil {
			r.stderr(content[:told])
		}
		r.stderrSize += int64(len(content))
	case recStdout:
		r.content += int64(h.length)
		clear(b[headerLen+len(content):])
		if !r.headed {
			return r.collect(at, h)
		}
		r.stdoutEOF = h.length == 0
		r.keep(at, len(b))
	case recEndRequest:
		r.appStatus = binary.BigEndian.Uint32(content)
		// The rest of a worker's record may be bytes of its memory.
		clear(content[5:])
		putHeader(b, recEndRequest, h.id, bodyLen)
		r.keep(at, endLen)
		r.ended = true
	}
	return nil
}

// keep moves n bytes of a checked record to the ready ones.
func (r *response) keep(at, n int) {
	r.buf[at+offReserved] = 0
	if at != r.to {
		copy(r.buf[r.to:], r.buf[at:at+n])
	}
	r.to += n
}

// collect puts the header block together in one record, whatever records it comes in, and checks it when it is complete. The record at
// at is the next piece of it, and perhaps the begin of the body.
func (r *response) collect(at int, h header) error {
	if r.to == r.from {
		r.to += headerLen
	}
	if from := at + headerLen; r.to != from {
		copy(r.buf[r.to:], r.buf[from:from+int(h.length)])
	}
	r.to += int(h.length)
	all := r.buf[r.from+headerLen : r.to]
	end := headerEnd(all, r.scanned)
	if end > maxContent || end < 0 && len(all) >= maxContent {
		return violation("header block of more than %d bytes", maxContent)
	}
	if end < 0 {
		r.scanned = len(all)
		return nil
	}
	block, head, err := checkHeader(all[:end])
	if err != nil {
		return err
	}
	r.headed, r.header = true, head
	rest := all[end:]
	r.content -= int64(end - len(block))
	if size := len(block) + len(rest); size <= maxContent {
		putHeader(r.buf[r.from:], recStdout, r.id, size)
		r.to -= end - len(block)
		copy(r.buf[r.to-len(rest):], rest)
	} else {
		// Too much for one record. There is room for another header: that of the record this came in.
		putHeader(r.buf[r.from:], recStdout, r.id, len(block))
		next := r.from + headerLen + len(block)
		r.to = next + headerLen + copy(r.buf[next+headerLen:], rest)
		putHeader(r.buf[next:], recStdout, r.id, len(rest))
	}
	return nil
}
