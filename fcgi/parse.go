package fcgi

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// Errors of a client after which its connection is closed.
var (
	errVersion = errors.New("protocol version is not 1")
	errRecord  = errors.New("record out of place")
	errSize    = errors.New("record of a wrong size")
	errBody    = errors.New("request body over the limit")
)

// step is what a parser came to.
type step uint8

const (
	stepMore    step = iota // all bytes are used
	stepReply               // parser.reply must go to the client
	stepClose               // the same, and then the connection is to be closed
	stepHead                // the request's head is complete, or parser.refusal says why it is refused
	stepContent             // the bytes are content of the request's STDIN or DATA
	stepEOF                 // STDIN or DATA is over
	stepAbort               // the client gives the request up
)

// maxQuery bounds the content of a GET_VALUES record that is looked at. A query for all there is takes 48 bytes.
const maxQuery = 1024

// parser is the client's side of a connection: it reads records, answers those that manage the connection and puts the head of a request
// together. It does no I/O. One request is active from its BEGIN_REQUEST until finish; records for any other id are ignored, and another BEGIN_REQUEST
// is answered with CANT_MPX_CONN.
type parser struct {
	limits   *Limits
	maxConns int // answer to FCGI_MAX_CONNS
	maxReqs  int // answer to FCGI_MAX_REQS

	w     walker
	small [bodyLen]byte // content of BEGIN_REQUEST
	got   int           // bytes of small that are in
	query []byte        // content of GET_VALUES

	active   bool // a request is between BEGIN_REQUEST and finish
	id       uint16
	role     Role
	keep     bool
	headDone bool
	eof      bool // STDIN is over
	complete bool // nothing of the request is to come
	body     int64

	frame   frame
	refusal *Refusal
	reply   []byte // owned by the parser, valid until the next call
	size    int    // bytes of content, for stepContent
}

// idle says whether the client is at rest: no request, no piece of a record.
func (p *parser) idle() bool { return !p.active && p.w.between() }

// finish ends the request: what still comes for it is ignored.
func (p *parser) finish() {
	p.active = false
	p.frame.release()
}

// next looks at the front of b and says what it came to and how many bytes it used. For stepContent the last parser.size of these are the
// content. It is called until it answers stepMore, even when no bytes are left. After an error the connection is to be closed.
func (p *parser) next(b []byte) (step, int, error) {
	used := 0
	for {
		found, n := p.w.next(b[used:])
		piece := b[used : used+n]
		used += n
		st, err := stepMore, error(nil)
		switch found {
		case walkMore:
			return stepMore, used, nil
		case walkHeader:
			st, err = p.header()
		case walkContent:
			st, err = p.content(piece)
		case walkEnd:
			st, err = p.end()
		}
		if st != stepMore || err != nil {
			return st, used, err
		}
	}
}

// current says whether the record in hand is for the active request.
func (p *parser) current() bool { return p.active && p.w.id == p.id }

// header judges a record by its header alone.
func (p *parser) header() (step, error) {
	h := &p.w.header
	if h.version != version1 {
		return stepMore, fmt.Errorf("%w: %d", errVersion, h.version)
	}
	if h.id == 0 && h.kind >= recBeginRequest && h.kind <= recData {
		return stepMore, fmt.Errorf("%w: type %d with request id 0", errRecord, h.kind)
	}
	switch h.kind {
	case recBeginRequest:
		if h.length != bodyLen {
			return stepMore, fmt.Errorf("%w: BEGIN_REQUEST with %d bytes", errSize, h.length)
		}
		if p.current() {
			return stepMore, fmt.Errorf("%w: BEGIN_REQUEST for the active request", errRecord)
		}
		p.got = 0
	case recParams:
		if p.current() && p.headDone {
			return stepMore, fmt.Errorf("%w: PARAMS after its end", errRecord)
		}
	case recStdin, recData:
		if p.current() && !p.headDone {
			return stepMore, fmt.Errorf("%w: input before the end of PARAMS", errRecord)
		}
	case recGetValues:
		if h.id == 0 && h.length > maxQuery {
			return stepMore, fmt.Errorf("%w: GET_VALUES with %d bytes", errSize, h.length)
		}
		p.query = p.query[:0]
	}
	return stepMore, nil
}

// content takes a piece of the content of the record in hand.
func (p *parser) content(b []byte) (step, error) {
	switch p.w.kind {
	case recBeginRequest:
		p.got += copy(p.small[p.got:], b)
	case recGetValues:
		if p.w.id == 0 {
			p.query = append(p.query, b...)
		}
	case recParams:
		if !p.current() {
			break
		}
		if int64(p.frame.paramBytes()+len(b)) > p.limits.MaxParams {
			return p.refuse(&Refusal{Status: http.StatusRequestHeaderFieldsTooLarge, Reason: "parameters over the limit"})
		}
		p.frame.addParams(b)
	case recStdin, recData:
		if !p.input() {
			break
		}
		p.body += int64(len(b))
		if p.body > p.limits.MaxBody {
			return stepMore, errBody
		}
		p.size = len(b)
		return stepContent, nil
	}
	return stepMore, nil
}

// input says whether the record in hand is input that the worker is to get: STDIN, and for a Filter then DATA. An Authorizer has none.
func (p *parser) input() bool {
	if !p.current() || p.complete {
		return false
	}
	if p.w.kind == recData {
		return p.role == Filter && p.eof
	}
	return !p.eof
}

// end acts on a record that is over.
func (p *parser) end() (step, error) {
	switch p.w.kind {
	case recBeginRequest:
		return p.begin()
	case recAbortRequest:
		if p.current() {
			return stepAbort, nil
		}
	case recParams:
		if p.current() && p.w.length == 0 {
			return p.head()
		}
	case recStdin, recData:
		if p.w.length > 0 || !p.input() {
			break
		}
		if p.w.kind == recStdin {
			p.eof = true
		}
		p.complete = p.role != Filter || p.w.kind == recData
		return stepEOF, nil
	case recEndRequest, recStdout, recStderr, recGetValuesResult, recUnknownType:
		// Only an application sends these: no meaning here.
	case recGetValues:
		if p.w.id == 0 {
			return p.values()
		}
	default:
		if p.w.id == 0 {
			p.reply = appendUnknownType(p.reply[:0], p.w.kind)
			return stepReply, nil
		}
	}
	return stepMore, nil
}

// begin acts on a BEGIN_REQUEST.
func (p *parser) begin() (step, error) {
	if p.active {
		p.reply = appendEnd(p.reply[:0], p.w.id, 0, statusCantMpxConn)
		return stepReply, nil
	}
	role := Role(p.small[0])<<8 | Role(p.small[1])
	keep := p.small[2]&flagKeep != 0
	if role < Responder || role > Filter {
		p.reply = appendEnd(p.reply[:0], p.w.id, 0, statusUnknownRole)
		if keep {
			return stepReply, nil
		}
		return stepClose, nil
	}
	p.active, p.id, p.role, p.keep = true, p.w.id, role, keep
	p.headDone, p.eof, p.complete, p.body, p.refusal = false, false, false, 0, nil
	p.frame.begin()
	return stepMore, nil
}

// head acts on the end of PARAMS.
func (p *parser) head() (step, error) {
	p.headDone = true
	p.complete = p.role == Authorizer
	p.frame.localScript()
	p.refusal = p.frame.seal(p.id, p.role)
	return stepHead, nil
}

// refuse ends the reading of a head. The request stays active, but the rest of its parameters is not kept.
func (p *parser) refuse(r *Refusal) (step, error) {
	p.refusal = r
	return stepHead, nil
}

// values answers GET_VALUES with those of the known names that are asked for.
func (p *parser) values() (step, error) {
	p.reply = append(p.reply[:0], make([]byte, headerLen)...)
	var told [3]bool
	for rest := p.query; len(rest) > 0; {
		var name []byte
		var err error
		if name, _, rest, err = nextPair(rest); err != nil {
			return stepMore, fmt.Errorf("GET_VALUES: %w", err)
		}
		i, value := 0, 0
		switch string(name) {
		case "FCGI_MAX_CONNS":
			i, value = 0, p.maxConns
		case "FCGI_MAX_REQS":
			i, value = 1, p.maxReqs
		case "FCGI_MPXS_CONNS":
			i, value = 2, 0
		default:
			continue
		}
		if !told[i] {
			told[i] = true
			p.reply = appendPair(p.reply, string(name), strconv.Itoa(value))
		}
	}
	putHeader(p.reply, recGetValuesResult, 0, len(p.reply)-headerLen)
	return stepReply, nil
}
