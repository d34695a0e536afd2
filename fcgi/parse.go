package fcgi

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
)

// Errors of a client after which its connection is closed.
var (
	errVersion = errors.New("protocol version is not 1")
	errRecord  = errors.New("record out of place")
	errSize    = errors.New("record of a wrong size")
)

// errBody ends a request, not the connection.
var errBody = errors.New("request body over the limit")

// step is what a parser came to.
type step uint8

const (
	stepMore    step = iota // all bytes are used
	stepReply               // parser.reply must go to the client
	stepClose               // the same, and then the connection is to be closed
	stepHead                // the head of parser.s is complete, or its refusal says why it is refused
	stepContent             // the bytes are content of the STDIN or DATA of parser.s
	stepEOF                 // STDIN or DATA of parser.s is over
	stepAbort               // the client gives parser.s up
	stepBody                // the body of parser.s is over the limit
)

// maxQuery bounds the content of a GET_VALUES record that is looked at. A query for all there is takes 48 bytes.
const maxQuery = 1024

// maxStreams is how many requests may run at once on one connection. One more is told CANT_MPX_CONN.
const maxStreams = 128

// maxHeads is how many of them may be incomplete. Each holds a buffer, and no web server sends heads in turns.
const maxHeads = 8

// parser is the client's side of a connection: it reads records, answers those that manage the connection and puts the heads of requests
// together. It does no I/O. A request is active from its BEGIN_REQUEST until finish; records for any other id are ignored.
type parser struct {
	limits   *Limits
	maxConns int // answer to FCGI_MAX_CONNS
	maxReqs  int // answer to FCGI_MAX_REQS

	w     walker
	small [bodyLen]byte // content of BEGIN_REQUEST
	got   int           // bytes of small that are in
	query []byte        // content of GET_VALUES

	open    func() *stream // makes a new one
	streams []*stream      // the active requests, oldest first
	s       *stream        // the request that the record in hand or the last step is about, nil if it is none
	heads   int            // of the active requests, those whose head is not complete
	reply   []byte         // owned by the parser, valid until the next call
	size    int            // bytes of content, for stepContent
}

// intake is what has come of a request.
type intake struct {
	id       uint16
	role     Role
	keep     bool
	headDone bool
	eof      bool // STDIN is over
	complete bool // nothing of the request is to come
	body     int64
	frame    frame
	refusal  *Refusal
}

// idle says whether the client is at rest: no request, no piece of a record.
func (p *parser) idle() bool { return len(p.streams) == 0 && p.w.between() }

// late says whether something has begun that the client must complete soon: a head, or a record that belongs to no request.
func (p *parser) late() bool { return p.heads > 0 || len(p.streams) == 0 && !p.w.between() }

// finish ends a request: what still comes for it is ignored.
func (p *parser) finish(s *stream) {
	i := slices.Index(p.streams, s)
	if i < 0 {
		return
	}
	p.streams = slices.Delete(p.streams, i, i+1)
	if !s.headDone {
		p.heads--
	}
	if p.s == s {
		p.s = nil
	}
	s.frame.release()
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

// find looks for the active request that the record in hand is for.
func (p *parser) find() {
	p.s = nil
	for _, s := range p.streams {
		if s.id == p.w.id {
			p.s = s
			return
		}
	}
}

// header judges a record by its header alone.
func (p *parser) header() (step, error) {
	h := &p.w.header
	p.find()
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
		if p.s != nil {
			return stepMore, fmt.Errorf("%w: BEGIN_REQUEST for an active request", errRecord)
		}
		p.got = 0
	case recParams:
		if p.s != nil && p.s.headDone {
			return stepMore, fmt.Errorf("%w: PARAMS after its end", errRecord)
		}
	case recStdin, recData:
		if p.s != nil && !p.s.headDone {
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
		if p.s == nil {
			break
		}
		if int64(p.s.frame.paramBytes()+len(b)) > p.limits.MaxParams {
			// The request stays active until whoever answers it finishes it, but the rest of its parameters is not kept.
			p.s.refusal = &Refusal{Status: http.StatusRequestHeaderFieldsTooLarge, Reason: "parameters over the limit"}
			return stepHead, nil
		}
		p.s.frame.addParams(b)
	case recStdin, recData:
		if !p.input() {
			break
		}
		p.s.body += int64(len(b))
		if p.s.body > p.limits.MaxBody {
			return stepBody, nil
		}
		p.size = len(b)
		return stepContent, nil
	}
	return stepMore, nil
}

// input says whether the record in hand is input that the worker is to get: STDIN, and for a Filter then DATA. An Authorizer has none.
func (p *parser) input() bool {
	s := p.s
	if s == nil || s.complete {
		return false
	}
	if p.w.kind == recData {
		return s.role == Filter && s.eof
	}
	return !s.eof
}

// end acts on a record that is over.
func (p *parser) end() (step, error) {
	switch p.w.kind {
	case recBeginRequest:
		return p.begin()
	case recAbortRequest:
		if p.s != nil {
			return stepAbort, nil
		}
	case recParams:
		if p.s != nil && p.w.length == 0 {
			return p.head()
		}
	case recStdin, recData:
		if p.w.length > 0 || !p.input() {
			break
		}
		if p.w.kind == recStdin {
			p.s.eof = true
		}
		p.s.complete = p.s.role != Filter || p.w.kind == recData
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
	if len(p.streams) == maxStreams || p.heads == maxHeads {
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
	s := p.open()
	s.intake = intake{id: p.w.id, role: role, keep: keep}
	s.frame.begin()
	p.streams = append(p.streams, s)
	p.heads++
	return stepMore, nil
}

// head acts on the end of PARAMS.
func (p *parser) head() (step, error) {
	s := p.s
	s.headDone = true
	p.heads--
	s.complete = s.role == Authorizer
	s.frame.localScript()
	s.refusal = s.frame.seal(s.id, s.role)
	return stepHead, nil
}
