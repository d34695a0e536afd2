package fcgi

import "strings"

const (
	keep, none = flagKeep, 0
	mpxs       = "1" // FCGI_MPXS_CONNS
)

var (
	ok         = page(1, "ok")
	html       = "Content-Type: text/plain\r\n\r\n"
	maxReqs    = x("01 0a 0000 0010 0000  0d01", "FCGI_MAX_REQS", "", "8")
	allValues  = x("01 09 0000 0030 0000  0e00", "FCGI_MAX_CONNS", "0d00", "FCGI_MAX_REQS", "0f00", "FCGI_MPXS_CONNS")
	simpleHead = join(begin(1, Responder, keep), rec(recParams, 1, ""), rec(recStdin, 1, ""))
)

// recordRows are about records: sections 3 and 4 of the specification.
var recordRows = []row{
	{of: "4", name: "padding on every record of a client", do: acts{
		sent(begin(1, Responder, keep), rec(recParams, 1, pairs("A", "b"), 255), rec(recParams, 1, "", 255), rec(recStdin, 1, "", 7)),
		given(begin(1, Responder, keep), x("01 04 0001 0004 0000  0101", "Ab"), x("01 04 0001 0000 0000  01 05 0001 0000 0000")),
		said(ok), got(ok), open}},
	{of: "4", name: "padding on BEGIN_REQUEST and on a management record", do: acts{
		sent(x("01 09 0000 000f 05 00  0d00", "FCGI_MAX_REQS", "ffffffffff")), got(maxReqs),
		sent(x("01 01 0001 0008 03 00  0001 01 0000000000  eeeeee"), rec(recParams, 1, ""), rec(recStdin, 1, "")), given(simpleHead), said(ok), got(ok), open}},
	{of: "4", name: "padding on END_REQUEST", do: acts{
		ask, said(rec(recStdout, 1, html), x("01 03 0001 0008 09 00  00000000 00 000000  eeeeeeeeeeeeeeeeee")), got(rec(recStdout, 1, html), end(1, 0, 0)), over, found(Reuse)}},
	{of: "5", name: "records of a client that are not aligned", do: acts{
		sent(begin(1, Responder, keep), rec(recParams, 1, pairs("A", "")), rec(recParams, 1, ""), rec(recStdin, 1, "")), serve(1), open}},
	{of: "5", name: "a worker's alignment, which may hold bytes of its memory", do: acts{
		ask, said(rec(recStdout, 1, html), rec(recStdout, 1, "hi", 6), end(1, 0, 0)),
		got(rec(recStdout, 1, html), x("01 06 0001 0002 06 00", "hi", "000000000000"), end(1, 0, 0)), over, found(Reuse)}},
	{of: "6", name: "records of an inactive id", do: acts{
		sent(rec(recStdin, 9, "x"), rec(recParams, 9, "x"), rec(recAbortRequest, 9, ""), rec(recData, 9, ""), get(1, keep)), serve(1), open}},
	{of: "6", name: "records of a request that is over", do: acts{
		sent(get(1, keep), rec(recStdin, 1, "late"), rec(recStdin, 1, "")), serve(1), sent(rec(recStdin, 1, "later"), rec(recAbortRequest, 1, "")), open}},
	{of: "6", name: "the largest id", do: acts{sent(get(65535, keep)), serve(65535), open}},
	{of: "6", name: "an id again", do: acts{sent(get(5, keep)), serve(5), sent(get(5, keep)), serve(5), open}},
	{of: "7", name: "BEGIN_REQUEST with id 0", do: acts{sent(begin(0, Responder, keep)), closed, warned}},
	{of: "7", name: "ABORT_REQUEST with id 0", do: acts{sent(rec(recAbortRequest, 0, "")), closed, warned}},
	{of: "7", name: "PARAMS with id 0", do: acts{sent(rec(recParams, 0, "")), closed, warned}},
	{of: "7", name: "STDOUT with id 0", do: acts{sent(rec(recStdout, 0, "x")), closed, warned}},
	{of: "7", name: "a worker's record with id 0", do: acts{ask, said(rec(recGetValuesResult, 0, "")), got(answer(1, 502)), over, failed(Violation, ErrProtocol)}},
	{of: "8", name: "version 0", do: acts{sent(x("00 01 0001 0008 0000")), closed, warned}},
	{of: "8", name: "version 2", do: acts{sent(x("02 01 0001 0008 0000")), closed, warned}},
	{of: "8", name: "another protocol", do: acts{sent([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n")), closed, warned}},
	{of: "8", name: "another protocol of a worker", do: acts{ask, said([]byte("HTTP/1.1 200 OK\r\n\r\n")), got(answer(1, 502)), over, failed(Violation, ErrProtocol)}},
	{of: "9", name: "parameters in records of a byte", do: acts{
		sent(begin(1, Responder, keep), oneByOne(recParams, 1, pairs("REQUEST_METHOD", "GET", "B", strings.Repeat("b", 200))), rec(recParams, 1, ""), rec(recStdin, 1, "")),
		given(begin(1, Responder, keep), rec(recParams, 1, pairs("REQUEST_METHOD", "GET", "B", strings.Repeat("b", 200))), rec(recParams, 1, ""), rec(recStdin, 1, "")),
		said(ok), got(ok), open}},
	{of: "9", name: "a body in records of a byte", do: acts{
		sent(begin(5, Responder, keep), rec(recParams, 5, pairs("CONTENT_LENGTH", "6")), rec(recParams, 5, ""), oneByOne(recStdin, 5, "abcdef"), rec(recStdin, 5, "", 9)),
		given(begin(5, Responder, keep), rec(recParams, 5, pairs("CONTENT_LENGTH", "6")), rec(recParams, 5, ""), rec(recStdin, 5, "abcdef"), rec(recStdin, 5, "")),
		said(page(5, "ok")), got(page(5, "ok")), open}},
	{of: "9", name: "a header block in many records", do: acts{
		ask, said(oneByOne(recStdout, 1, html[:len(html)-1]), rec(recStderr, 1, "noise"), rec(recStdout, 1, "\nbody"), end(1, 0, 0)),
		got(page(1, "body")), over, complaint("noise"), found(Reuse)}},
	{of: "10", name: "four bytes for short lengths", do: acts{
		sent(begin(1, Responder, keep), x("01 04 0001 0019 0000  8000000e 80000003", "REQUEST_METHODGET"), rec(recParams, 1, ""), rec(recStdin, 1, "")),
		given(begin(1, Responder, keep), x("01 04 0001 0019 0000  8000000e 80000003", "REQUEST_METHODGET"), rec(recParams, 1, ""), rec(recStdin, 1, "")),
		said(ok), got(ok), open}},
	{of: "10", name: "both encodings in one pair", do: acts{
		sent(begin(1, Responder, keep), x("01 04 0001 000b 0000  01 80000005", "Avalue"), rec(recParams, 1, ""), rec(recStdin, 1, "")), serve(1), open}},
	{of: "10", name: "a length beyond the end", do: acts{
		sent(begin(1, Responder, keep), x("01 04 0001 0004 0000  0105", "ab"), rec(recParams, 1, "")), got(answer(1, 400)), open, warned}},
	{of: "10", name: "lengths of 2^31-1", do: acts{
		sent(begin(1, Responder, keep), x("01 04 0001 000a 0000  ffffffff ffffffff", "ab"), rec(recParams, 1, "")), got(answer(1, 400)), open, warned}},
	{of: "10", name: "half a length", do: acts{
		sent(begin(1, Responder, keep), x("01 04 0001 0003 0000  01 8000"), rec(recParams, 1, "")), got(answer(1, 400)), open, warned}},
	{of: "10", name: "a parameter that fits in no record", limits: Limits{MaxParams: 1 << 20}, do: acts{
		sent(begin(1, Responder, keep), cut(pairs("A", strings.Repeat("v", 70000)), 60000, 0), rec(recParams, 1, "")), got(answer(1, 431)), sent(rec(recStdin, 1, "")), open, warned}},
	{of: "11", name: "without KEEP_CONN", do: acts{sent(get(1, none)), serve(1), closed, found(Reuse)}},
	{of: "11", name: "with KEEP_CONN", do: acts{sent(get(1, keep)), serve(1), open, found(Reuse, Reuse)}},
	{of: "12", name: "closes at once", do: acts{hangUp}},
	{of: "12", name: "closes between requests", do: acts{sent(get(1, keep)), serve(1), hangUp, found(Reuse)}},
	{of: "12", name: "closes in a header", do: acts{sent(x("01 01 00")), hangUp}},
	{of: "13", name: "all values", do: acts{sent(allValues),
		got(x("01 0a 0000 0034 0000  0e02", "FCGI_MAX_CONNS64", "0d01", "FCGI_MAX_REQS8", "0f01", "FCGI_MPXS_CONNS"+mpxs)), open}},
	{of: "13", name: "an unknown name", do: acts{sent(rec(recGetValues, 0, pairs("X", "", "FCGI_MAX_REQS", ""))), got(maxReqs), open}},
	{of: "13", name: "one name again and again", do: acts{sent(rec(recGetValues, 0, strings.Repeat(pairs("FCGI_MAX_REQS", ""), 60))), got(maxReqs), open}},
	{of: "13", name: "nothing asked", do: acts{sent(x("01 09 0000 0000 0000")), got(x("01 0a 0000 0000 0000")), open}},
	{of: "13", name: "within a head", do: acts{
		sent(begin(1, Responder, keep), rec(recGetValues, 0, pairs("FCGI_MAX_REQS", "")), rec(recParams, 1, ""), rec(recStdin, 1, "")), got(maxReqs), given(simpleHead), said(ok), got(ok), open}},
	{of: "13", name: "a broken pair", do: acts{sent(x("01 09 0000 0001 0000  7f")), closed, warned}},
	{of: "13", name: "a query without end", do: acts{sent(rec(recGetValues, 0, strings.Repeat("x", 60000))), closed, warned}},
	{of: "14", name: "while the only worker is busy", do: acts{
		ask, sent(rec(recGetValues, 0, pairs("FCGI_MAX_REQS", ""))), got(maxReqs), said(ok), got(ok), over}},
	{of: "15", name: "type 77", do: acts{sent(rec(77, 0, "what")), got(x("01 0b 0000 0008 0000  4d 00000000000000")), open}},
	{of: "15", name: "type 0", do: acts{sent(rec(0, 0, "")), got(x("01 0b 0000 0008 0000  00 00000000000000")), open}},
	{of: "15", name: "while the only worker is busy", do: acts{ask, sent(rec(255, 0, "")), got(x("01 0b 0000 0008 0000  ff 00000000000000")), said(ok), got(ok), over}},
	{of: "16", name: "between requests", do: acts{sent(rec(77, 1, "what", 3), get(1, keep)), serve(1), open}},
	{of: "16", name: "within a request", do: acts{
		sent(begin(1, Responder, keep), rec(77, 1, "what"), rec(recParams, 1, ""), rec(recStdin, 1, "")), given(simpleHead), said(ok), got(ok), open}},
	{of: "16", name: "of a worker", do: acts{ask, said(rec(77, 1, "")), got(answer(1, 502)), over, failed(Violation, ErrProtocol)}},
}

// cut is a stream of parameters in records of so many bytes, padded.
func cut(params string, size, padding int) []byte {
	var b []byte
	for len(params) > 0 {
		n := min(size, len(params))
		b = append(b, rec(recParams, 1, params[:n], padding)...)
		params = params[n:]
	}
	return b
}
