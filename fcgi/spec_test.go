package fcgi

import (
	"fmt"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func appendShow(b []byte, h header, content []byte) []byte {
	return fmt.Appendf(b, "version=%d type=%d id=%d pad=%d len=%d %q", h.version, h.kind, h.id, h.padding, h.length, content)
}

func appendQuoted(b, c []byte) []byte { return fmt.Appendf(b, "%q", c) }

// oneByOne is a stream in records of one byte.
func oneByOne(kind uint8, id uint16, content string) []byte {
	var b []byte
	for i := range content {
		b = append(b, rec(kind, id, content[i:i+1], i%3)...)
	}
	return b
}

// long is a pair whose lengths are encoded in four bytes.
func long(name, value string) string {
	l := func(n int) string { return string([]byte{0x80, 0, byte(n >> 8), byte(n)}) }
	return l(len(name)) + l(len(value)) + name + value
}

// TestSpec goes through the rules of the specification on the client's side, by exact bytes.
func TestSpec(t *testing.T) {
	const keep, none = flagKeep, 0
	ok := page(1, "ok")
	allValues := rec(recGetValues, 0, pairs("FCGI_MAX_CONNS", "", "FCGI_MAX_REQS", "", "FCGI_MPXS_CONNS", ""))
	tests := []struct {
		name   string
		send   []byte
		want   []byte
		closed bool
		quiet  bool // nothing may be logged
	}{
		{name: "3.3 padding on every record", send: join(
			begin(1, Responder, keep), rec(recParams, 1, pairs("A", "b"), 255), rec(recParams, 1, "", 255), rec(recStdin, 1, "", 7)), want: ok, quiet: true},
		{name: "3.3 records of an inactive id", send: join(
			rec(recStdin, 9, "x"), rec(recParams, 9, "x"), rec(recAbortRequest, 9, ""), rec(recData, 9, ""), get(1, keep)), want: ok, quiet: true},
		{name: "3.3 records for a request that is over", send: join(get(1, none|keep), rec(recStdin, 1, "late"), rec(recStdin, 1, "")), want: ok, quiet: true},
		{name: "3.3 BEGIN_REQUEST with id 0", send: begin(0, Responder, keep), closed: true},
		{name: "3.3 ABORT_REQUEST with id 0", send: rec(recAbortRequest, 0, ""), closed: true},
		{name: "3.3 PARAMS with id 0", send: rec(recParams, 0, ""), closed: true},
		{name: "3.3 STDOUT with id 0", send: rec(recStdout, 0, "x"), closed: true},
		{name: "3.3 version 0", send: []byte{0, 1, 0, 1, 0, 8, 0, 0}, closed: true},
		{name: "3.3 version 2", send: []byte{2, 1, 0, 1, 0, 8, 0, 0}, closed: true},
		{name: "3.3 parameters cut anywhere", send: join(
			begin(1, Responder, keep), oneByOne(recParams, 1, pairs("REQUEST_METHOD", "GET", "B", strings.Repeat("b", 200))), rec(recParams, 1, ""), rec(recStdin, 1, "")), want: ok, quiet: true},
		{name: "3.3 the largest id", send: get(65535, keep), want: page(65535, "ok"), quiet: true},
		{name: "3.4 long encoding of short lengths", send: join(
			begin(1, Responder, keep), rec(recParams, 1, long("REQUEST_METHOD", "GET")), rec(recParams, 1, ""), rec(recStdin, 1, "")), want: ok, quiet: true},
		{name: "3.4 a length beyond the end", send: join(
			begin(1, Responder, keep), rec(recParams, 1, "\x01\x05ab"), rec(recParams, 1, "")), want: answer(1, 400)},
		{name: "3.4 lengths of 2^31-1", send: join(
			begin(1, Responder, keep), rec(recParams, 1, "\xff\xff\xff\xff\xff\xff\xff\xffab"), rec(recParams, 1, "")), want: answer(1, 400)},
		{name: "3.4 half a length", send: join(
			begin(1, Responder, keep), rec(recParams, 1, "\x01\x80\x00"), rec(recParams, 1, "")), want: answer(1, 400)},
		{name: "3.5 without KEEP_CONN", send: get(1, none), want: ok, closed: true, quiet: true},
		{name: "3.5 with KEEP_CONN", send: join(get(1, keep)), want: ok, quiet: true},
		{name: "4.1 GET_VALUES", send: allValues, want: rec(recGetValuesResult, 0, pairs("FCGI_MAX_CONNS", "64", "FCGI_MAX_REQS", "8", "FCGI_MPXS_CONNS", "0")), quiet: true},
		{name: "4.1 GET_VALUES of an unknown name", send: rec(recGetValues, 0, pairs("X", "", "FCGI_MAX_REQS", "")), want: rec(recGetValuesResult, 0, pairs("FCGI_MAX_REQS", "8")), quiet: true},
		{name: "4.1 GET_VALUES of one name again and again", send: rec(recGetValues, 0, strings.Repeat(pairs("FCGI_MAX_REQS", ""), 60)), want: rec(recGetValuesResult, 0, pairs("FCGI_MAX_REQS", "8")), quiet: true},
		{name: "4.1 empty GET_VALUES", send: rec(recGetValues, 0, ""), want: rec(recGetValuesResult, 0, ""), quiet: true},
		{name: "4.1 padded GET_VALUES", send: rec(recGetValues, 0, pairs("FCGI_MAX_REQS", ""), 5), want: rec(recGetValuesResult, 0, pairs("FCGI_MAX_REQS", "8")), quiet: true},
		{name: "4.1 GET_VALUES within a head", send: join(
			begin(1, Responder, keep), probe, rec(recParams, 1, ""), rec(recStdin, 1, "")), want: join(rec(recGetValuesResult, 0, pairs("FCGI_MPXS_CONNS", "0")), ok), quiet: true},
		{name: "4.1 GET_VALUES with a broken pair", send: rec(recGetValues, 0, "\x7f"), closed: true},
		{name: "4.1 GET_VALUES without end", send: rec(recGetValues, 0, strings.Repeat("x", 60000)), closed: true},
		{name: "4.2 unknown management type", send: rec(77, 0, "what"), want: []byte{1, 11, 0, 0, 0, 8, 0, 0, 77, 0, 0, 0, 0, 0, 0, 0}, quiet: true},
		{name: "4.2 management type 0", send: rec(0, 0, ""), want: []byte{1, 11, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, quiet: true},
		{name: "4.2 unknown type of a request", send: join(rec(77, 1, "what", 3), get(1, keep)), want: ok, quiet: true},
		{name: "4.2 unknown type within a request", send: join(
			begin(1, Responder, keep), rec(77, 1, "what"), rec(recParams, 1, ""), rec(recStdin, 1, "")), want: ok, quiet: true},
		{name: "5.1 unknown role", send: begin(3, 4, keep), want: end(3, 0, 3), quiet: true},
		{name: "5.1 role 0", send: begin(3, 0, keep), want: end(3, 0, 3), quiet: true},
		{name: "5.1 role 257", send: begin(3, 257, keep), want: end(3, 0, 3), quiet: true},
		{name: "5.1 unknown role without KEEP_CONN", send: begin(3, 4, none), want: end(3, 0, 3), closed: true, quiet: true},
		{name: "5.1 unknown role, and the rest of the request", send: join(
			begin(1, 9, keep), rec(recParams, 1, pairs("A", "b")), rec(recParams, 1, ""), rec(recStdin, 1, ""), get(1, keep)), want: join(end(1, 0, 3), ok), quiet: true},
		{name: "5.1 all flags", send: get(1, 0xff), want: ok, quiet: true},
		{name: "5.1 flags without KEEP_CONN", send: get(1, 0xfe), want: ok, closed: true, quiet: true},
		{name: "5.1 BEGIN_REQUEST of seven bytes", send: rec(recBeginRequest, 1, "\x00\x01\x01aaaa"), closed: true},
		{name: "5.1 BEGIN_REQUEST of nine bytes", send: rec(recBeginRequest, 1, "\x00\x01\x01aaaaaa"), closed: true},
		{name: "5.2 no PARAMS before STDIN", send: join(begin(1, Responder, keep), rec(recStdin, 1, "x")), closed: true},
		{name: "5.2 PARAMS behind their end", send: join(begin(1, Responder, keep), rec(recParams, 1, ""), rec(recParams, 1, "x")), closed: true},
		{name: "5.2 no parameter at all", send: join(begin(1, Responder, keep), rec(recParams, 1, ""), rec(recStdin, 1, "")), want: ok, quiet: true},
		{name: "5.4 ABORT_REQUEST within PARAMS", send: join(begin(1, Responder, keep), rec(recParams, 1, "x"), rec(recAbortRequest, 1, "")), want: end(1, 0, 0), quiet: true},
		{name: "5.4 ABORT_REQUEST within PARAMS, without KEEP_CONN", send: join(begin(1, Responder, none), rec(recAbortRequest, 1, "")), want: end(1, 0, 0), closed: true, quiet: true},
		{name: "5.4 ABORT_REQUEST within STDIN", send: join(
			begin(1, Responder, keep), rec(recParams, 1, ""), rec(recStdin, 1, "x"), rec(recAbortRequest, 1, ""), get(1, keep)), want: join(end(1, 0, 0), ok), quiet: true},
		{name: "5.5 a second request", send: join(
			begin(1, Responder, keep), begin(2, Responder, keep), rec(recParams, 2, pairs("A", "b")), rec(recParams, 1, pairs("REQUEST_METHOD", "GET")),
			rec(recParams, 2, ""), rec(recParams, 1, ""), rec(recStdin, 2, ""), rec(recStdin, 1, "")), want: join(end(2, 0, 1), ok), quiet: true},
		{name: "5.5 a second request of an unknown role", send: join(begin(1, Responder, keep), begin(2, 7, none), rec(recParams, 1, ""), rec(recStdin, 1, "")), want: join(end(2, 0, 1), ok), quiet: true},
		{name: "BEGIN_REQUEST of the active id", send: join(begin(1, Responder, keep), begin(1, Responder, keep)), closed: true},
		{name: "6.1 NUL in a value", send: get(1, keep, "A", "a\x00b"), want: answer(1, 400)},
		{name: "6.1 NUL in a name", send: get(1, keep, "A\x00", "b"), want: answer(1, 400)},
		{name: "6.3 an Authorizer has no STDIN", send: join(begin(1, Authorizer, keep), rec(recParams, 1, pairs("A", "b")), rec(recParams, 1, "")), want: ok, quiet: true},
		{name: "6.3 an Authorizer with STDIN", send: join(begin(1, Authorizer, keep), rec(recParams, 1, ""), rec(recStdin, 1, "")), want: ok, quiet: true},
		{name: "6.4 a Filter", send: join(
			begin(1, Filter, keep), rec(recParams, 1, ""), rec(recStdin, 1, "in"), rec(recStdin, 1, ""), rec(recData, 1, "data"), rec(recData, 1, "")), want: ok, quiet: true},
		{name: "App. A records that only an application sends", send: join(
			rec(recEndRequest, 1, "x"), rec(recStdout, 1, "x"), rec(recStderr, 1, "x"), rec(recGetValuesResult, 0, ""), rec(recUnknownType, 0, ""), get(1, keep)), want: ok, quiet: true},
		{name: "two values", send: get(1, keep, "SCRIPT_FILENAME", "/srv/b.php"), want: answer(1, 400)},
		{name: "the same value twice", send: get(1, keep, "SCRIPT_FILENAME", "/srv/a.php"), want: ok, quiet: true},
		{name: "HTTP_PROXY", send: get(1, keep, "HTTP_PROXY", "evil:80"), want: answer(1, 403)},
		{name: "empty HTTP_PROXY", send: get(1, keep, "HTTP_PROXY", ""), want: ok, quiet: true},
		{name: "PHP_VALUE", send: get(1, keep, "PHP_VALUE", "x=y"), want: answer(1, 403)},
		{name: "PHP_ADMIN_VALUE", send: get(1, none, "PHP_ADMIN_VALUE", "x=y"), want: answer(1, 403), closed: true},
		{name: "CONTENT_LENGTH is no number", send: get(1, keep, "CONTENT_LENGTH", "-1"), want: answer(1, 400)},
		{name: "CONTENT_LENGTH over all numbers", send: get(1, keep, "CONTENT_LENGTH", strings.Repeat("9", 30)), want: answer(1, 413)},
		{name: "CONTENT_LENGTH over the limit", send: post(1, keep, "1048577", strings.Repeat("x", 1000)), want: answer(1, 413)},
		{name: "parameters over the limit", send: get(1, keep, "A", strings.Repeat("a", 60000), "B", strings.Repeat("b", 5000)), want: answer(1, 431)},
		{name: "nothing", quiet: true},
		{name: "half a header, then the end", send: []byte{1, 1, 0}, closed: true, quiet: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			core, logs := observer.New(zap.InfoLevel)
			l := scripted(t, 1, echo)
			p := &Proxy{Pick: l.pick, MaxConns: 64, MaxReqs: 8, Limits: Limits{MaxBody: 1 << 20, MaxParams: 60 << 10}, Log: zap.New(core)}
			c := dial(t, listen(t, p))
			c.send(tt.send)
			if strings.HasSuffix(tt.name, "then the end") {
				_ = c.Close()
			} else {
				c.want(tt.want)
				if tt.closed {
					c.wantClosed()
				} else {
					c.wantOpen()
					c.send(get(7, keep))
					c.want(page(7, "ok"))
				}
			}
			if tt.quiet && logs.Len() > 0 {
				t.Errorf("logged: %v", logs.All())
			}
			if !tt.quiet && logs.Len() == 0 {
				t.Error("nothing was logged")
			}
		})
	}
}
