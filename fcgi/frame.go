package fcgi

import (
	"net/http"
	"slices"
	"strconv"
)

// frame puts together what a worker gets in one write: BEGIN_REQUEST, the parameters, and the input that is already there. Workers are
// picky: php-cgi resets a connection when a pair is split over two records or when content and padding exceed 65535 bytes, reads every record
// with two calls, three if it is padded, and libfcgi gives up a kept connection when the end of STDIN comes later than the rest. So the parameters
// become one record where they fit and records cut between two pairs where they do not, and nothing is padded.
//
//	BEGIN_REQUEST (KEEP_CONN) | PARAMS ... | PARAMS (empty) | STDIN ... | STDIN (empty)
//
// The zero value is ready for begin.
type frame struct {
	buf    *frameBuffer // from the pool; out lies in it unless the parameters are large,
	big    *buffer      // or there is more input than fits, which it then does here
	out    []byte
	params []byte // all of them, joined; the decoded values lie in it
	id     uint16
	body   int // where the input begins, behind the end of the parameters
	open   int // where the header of the last STDIN or DATA record is, 0 if there is none to go on with
}

// paramsAt is where the parameters begin: behind BEGIN_REQUEST and the header of PARAMS.
const paramsAt = beginLen + headerLen

// begin takes a buffer.
func (f *frame) begin() {
	if f.buf == nil {
		f.buf = frameBuffers.Get().(*frameBuffer)
	}
	f.out, f.params, f.open = f.buf[:paramsAt], nil, 0
}

// release gives the buffer back.
func (f *frame) release() {
	if f.buf != nil {
		frameBuffers.Put(f.buf)
	}
	if f.big != nil {
		putBuffer(f.big)
	}
	*f = frame{}
}

// addParams appends a piece of the parameters.
func (f *frame) addParams(b []byte) { f.out = append(f.out, b...) }

// paramBytes is how many bytes of parameters there are.
func (f *frame) paramBytes() int { return len(f.out) - paramsAt }

// localScript takes Apache's address off SCRIPT_FILENAME, when all parameters are there.
func (f *frame) localScript() {
	f.out = f.out[:paramsAt+len(localScript(f.out[paramsAt:]))]
}

// seal writes the headers around the parameters, which are all there.
func (f *frame) seal(id uint16, role Role) *Refusal {
	f.id, f.params = id, f.out[paramsAt:]
	switch {
	case len(f.params) == 0:
		f.out = f.out[:beginLen]
	case len(f.params) <= maxContent:
		putHeader(f.out[beginLen:], recParams, id, len(f.params))
	default:
		if r := f.cut(); r != nil {
			return r
		}
	}
	putBegin(f.out, id, role, flagKeep)
	f.out = appendHeader(f.out, recParams, id, 0)
	f.body = len(f.out)
	if role == Authorizer {
		// It has no STDIN, but some workers wait for its end.
		f.out = appendHeader(f.out, recStdin, id, 0)
	}
	return nil
}

// cut makes records of parameters that do not fit in one, each ending where a pair ends.
func (f *frame) cut() *Refusal {
	out := make([]byte, beginLen, beginLen+len(f.params)+headerLen*(3+2*len(f.params)/maxContent))
	flush := func(b []byte) { out = appendRecord(out, recParams, f.id, b) }
	start, at := 0, 0
	for at < len(f.params) {
		_, _, rest, err := nextPair(f.params[at:])
		if err != nil {
			return &Refusal{Status: http.StatusBadRequest, Reason: err.Error()}
		}
		end := len(f.params) - len(rest)
		if end-at > maxContent {
			return &Refusal{Status: http.StatusRequestHeaderFieldsTooLarge, Reason: "a parameter that fits in no record"}
		}
		if end-start > maxContent {
			flush(f.params[start:at])
			start = at
		}
		at = end
	}
	flush(f.params[start:])
	f.out = out
	return nil
}

// maxGather is how much input goes with the head, in bytes.
const maxGather = 90 << 10

// add appends input, or the end of its stream if b is empty. It is false if that is too much.
func (f *frame) add(kind uint8, b []byte) bool {
	if len(f.out)-f.body+len(b) > maxGather {
		return false
	}
	// What is added may need two headers, and both streams must be ended behind it.
	if need := len(f.out) + len(b) + 6*headerLen; need > cap(f.out) {
		if need <= bufferSize && f.big == nil {
			f.big = getBuffer()
			f.out = f.big[:copy(f.big[:], f.out)]
		} else { // large parameters
			f.out = append(make([]byte, 0, need+maxGather), f.out...)
		}
	}
	if len(b) == 0 {
		f.endInput(kind)
	} else {
		f.addInput(kind, b)
	}
	return true
}

// addInput appends input to the last record of the kind or a new one.
func (f *frame) addInput(kind uint8, b []byte) {
	for len(b) > 0 {
		have := 0
		if f.open > 0 {
			have = len(f.out) - f.open - headerLen
		}
		if f.open == 0 || f.out[f.open+1] != kind || have == maxContent {
			f.open, have = len(f.out), 0
			f.out = appendHeader(f.out, kind, f.id, 0)
		}
		n := min(len(b), maxContent-have)
		f.out = append(f.out, b[:n]...)
		putHeader(f.out[f.open:], kind, f.id, have+n)
		b = b[n:]
	}
}

// setLength adds CONTENT_LENGTH to the parameters, in a record of its own. Should there be an empty one, workers take the last.
func (f *frame) setLength(n int64) {
	pair := appendPair(nil, paramNames[ContentLength], strconv.FormatInt(n, 10))
	f.out = slices.Insert(f.out, f.body-headerLen, appendRecord(nil, recParams, f.id, pair)...)
}

// endInput appends the end of a stream.
func (f *frame) endInput(kind uint8) {
	f.out = appendHeader(f.out, kind, f.id, 0)
	f.open = 0
}
