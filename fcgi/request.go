package fcgi

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"time"

	"go.uber.org/zap"
)

// Param names one of the few parameters that are decoded.
type Param uint8

// The parameters that decide something, here or at whoever picks the worker.
const (
	ScriptFilename Param = iota
	PathTranslated       // names the script where SCRIPT_FILENAME is missing
	ScriptName
	RequestMethod
	RequestURI
	ContentLength
	RemoteAddr
	ServerName
	RequestID // the web server's name for the request, as in nginx's "fastcgi_param REQUEST_ID $request_id"
	numParams
)

var paramNames = [numParams]string{
	"SCRIPT_FILENAME", "PATH_TRANSLATED", "SCRIPT_NAME", "REQUEST_METHOD", "REQUEST_URI", "CONTENT_LENGTH", "REMOTE_ADDR", "SERVER_NAME", "REQUEST_ID",
}

// String is the parameter's name on the wire.
func (p Param) String() string { return paramNames[p] }

// decoded says which decoded parameter a name is. The names are compared as PHP compares them, by case.
func decoded(name []byte) (Param, bool) {
	switch string(name) {
	case "SCRIPT_FILENAME":
		return ScriptFilename, true
	case "PATH_TRANSLATED":
		return PathTranslated, true
	case "SCRIPT_NAME":
		return ScriptName, true
	case "REQUEST_METHOD":
		return RequestMethod, true
	case "REQUEST_URI":
		return RequestURI, true
	case "CONTENT_LENGTH":
		return ContentLength, true
	case "REMOTE_ADDR":
		return RemoteAddr, true
	case "SERVER_NAME":
		return ServerName, true
	case "REQUEST_ID":
		return RequestID, true
	}
	return 0, false
}

// forbidden says whether a parameter may have no value: the client's Proxy header (CVE-2016-5385), and settings that only the
// operator gives a worker. Empty they are harmless, and `fastcgi_param HTTP_PROXY ""` is good practice.
func forbidden(name []byte) bool {
	switch string(name) {
	case "HTTP_PROXY", "PHP_VALUE", "PHP_ADMIN_VALUE":
		return true
	}
	return false
}

// Request is one request of the web server. It belongs to the connection it came on and is used again for the next one: it may be read
// by Pick, and until the Upstream's Done, Stderr and Account return. What is needed longer must be copied before; the methods that return a
// string do so.
type Request struct {
	// ID is the FastCGI request id, which client and worker see alike.
	ID uint16
	// Role is Responder, Authorizer or Filter.
	Role Role
	// KeepConn says that the web server keeps its connection after the answer.
	KeepConn bool
	// Arrived is when the parameters were complete.
	Arrived time.Time
	// Length is the value of CONTENT_LENGTH, -1 if there is none.
	Length int64

	values [numParams][]byte
	s      *stream
}

// Bytes is the value of a decoded parameter, nil if it was not sent. It shares the request's memory.
func (r *Request) Bytes(p Param) []byte { return r.values[p] }

// Param is a copy of the value of a decoded parameter, "" if it was not sent.
func (r *Request) Param(p Param) string { return string(r.values[p]) }

// Method is a copy of REQUEST_METHOD.
func (r *Request) Method() string { return string(r.values[RequestMethod]) }

// URI is a copy of REQUEST_URI.
func (r *Request) URI() string { return string(r.values[RequestURI]) }

// Script is a copy of SCRIPT_FILENAME.
func (r *Request) Script() string { return string(r.values[ScriptFilename]) }

// RemoteAddr is a copy of REMOTE_ADDR.
func (r *Request) RemoteAddr() string { return string(r.values[RemoteAddr]) }

// ServerName is a copy of SERVER_NAME.
func (r *Request) ServerName() string { return string(r.values[ServerName]) }

// decode reads the parameters and says why the request is refused, nil if it is not.
func (r *Request) decode(params []byte, limits *Limits) *Refusal {
	r.values = [numParams][]byte{}
	r.Length = -1
	for rest := params; len(rest) > 0; {
		var name, value []byte
		var err error
		if name, value, rest, err = nextPair(rest); err != nil {
			return &Refusal{Status: http.StatusBadRequest, Reason: err.Error()}
		}
		if bytes.IndexByte(name, 0) >= 0 || bytes.IndexByte(value, 0) >= 0 {
			// Workers cut such a value where we do not (rule 27).
			return &Refusal{Status: http.StatusBadRequest, Reason: fmt.Sprintf("parameter %q holds a NUL", clip(name))}
		}
		if forbidden(name) && len(value) > 0 {
			return &Refusal{Status: http.StatusForbidden, Reason: fmt.Sprintf("parameter %s is not allowed", name)}
		}
		if p, ok := decoded(name); ok {
			if old := r.values[p]; old != nil && !bytes.Equal(old, value) {
				// php-cgi takes the last, libfcgi the first: whoever decides by it must not guess.
				return &Refusal{Status: http.StatusBadRequest, Reason: fmt.Sprintf("parameter %s has two values", name)}
			}
			r.values[p] = value
		}
	}
	if v := r.values[ContentLength]; len(v) > 0 {
		n, err := parseLength(v)
		if err != nil {
			return &Refusal{Status: http.StatusBadRequest, Reason: "CONTENT_LENGTH is not a number"}
		}
		r.Length = n
		if n > limits.MaxBody {
			return &Refusal{Status: http.StatusRequestEntityTooLarge, Reason: "CONTENT_LENGTH is over the limit"}
		}
	}
	return nil
}

var errLength = errors.New("not a length")

// parseLength takes digits only: no sign, no space. A number too large for an int64 is the largest one.
func parseLength(b []byte) (int64, error) {
	const most = 1<<63 - 1
	var n int64
	for _, d := range b {
		if d < '0' || d > '9' {
			return 0, errLength
		}
		if n > (most-9)/10 {
			n = most
			continue
		}
		n = n*10 + int64(d-'0')
	}
	return n, nil
}

// idempotent says whether the request may be sent twice. An unknown method may not.
func (r *Request) idempotent() bool {
	switch string(r.values[RequestMethod]) {
	case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE":
		return true
	}
	return false
}

// fields are what a log line says about a request.
func (r *Request) fields() []zap.Field {
	return []zap.Field{
		zap.ByteString("method", clip(r.values[RequestMethod])),
		zap.ByteString("uri", clip(r.values[RequestURI])),
		zap.ByteString("script", clip(r.values[ScriptFilename])),
		zap.ByteString("remote", clip(r.values[RemoteAddr])),
		zap.ByteString("server", clip(r.values[ServerName])),
		zap.Uint16("req", r.ID),
	}
}

// clip bounds what goes into a log line.
func clip(b []byte) []byte {
	const most = 1024
	return b[:min(len(b), most)]
}
