package fcgi

import (
	"slices"
	"strings"
)

// filtered is the request of a Filter.
func filtered(flags uint8) []byte {
	return join(begin(1, Filter, flags), rec(recParams, 1, ""), rec(recStdin, 1, "in"), rec(recStdin, 1, ""), rec(recData, 1, "data"), rec(recData, 1, ""))
}

// posted is a POST whose worker reads it all: how its connection is found.
func posted(name, length, body string, o Outcome) row {
	return row{of: "29", name: name, do: acts{sent(post(1, keep, length, body)), serve(1), found(o), open}}
}

// inputRows are about the streams and the roles: section 6 of the specification, and its appendix.
var inputRows = []row{
	{of: "25", name: "no end of STDOUT, as php-cgi does", do: acts{ask, said(page(1, "hi")), got(page(1, "hi")), over, found(Reuse)}},
	{of: "25", name: "one end of STDOUT and no STDERR", do: acts{
		ask, said(rec(recStdout, 1, html), rec(recStdout, 1, ""), end(1, 0, 0)), got(rec(recStdout, 1, html), rec(recStdout, 1, ""), end(1, 0, 0)), over, found(Reuse)}},
	{of: "25", name: "two ends of STDOUT", do: acts{
		ask, said(rec(recStdout, 1, html)), got(rec(recStdout, 1, html)), said(rec(recStdout, 1, "")), got(rec(recStdout, 1, "")), said(rec(recStdout, 1, "")), broken, failed(Violation, ErrProtocol)}},
	{of: "25", name: "an end of STDERR, which is not passed on", do: acts{
		ask, said(rec(recStdout, 1, html), rec(recStderr, 1, ""), end(1, 0, 0)), got(rec(recStdout, 1, html), end(1, 0, 0)), over, found(Reuse)}},
	{of: "25", name: "two ends of STDERR", do: acts{
		ask, said(rec(recStderr, 1, ""), rec(recStderr, 1, "")), got(answer(1, 502)), over, failed(Violation, ErrProtocol)}},
	{of: "25", name: "the end of STDOUT and nothing before", do: acts{
		ask, said(rec(recStdout, 1, ""), end(1, 0, 0)), got(answer(1, 502)), over, failed(Violation, ErrProtocol)}},
	{of: "25", name: "STDOUT behind its end", do: acts{
		ask, said(rec(recStdout, 1, html), rec(recStdout, 1, ""), rec(recStdout, 1, "x")), got(answer(1, 502)), over, failed(Violation, ErrProtocol)}},
	{of: "26", name: "STDERR between pieces of STDOUT", do: acts{
		ask, said(rec(recStderr, 1, "one "), rec(recStdout, 1, html), rec(recStderr, 1, "two "), rec(recStdout, 1, "a"), rec(recStderr, 1, "three", 3), rec(recStdout, 1, "b"), end(1, 0, 0)),
		got(rec(recStdout, 1, html), rec(recStdout, 1, "a"), rec(recStdout, 1, "b"), end(1, 0, 0)), over, complaint("one two three"), found(Reuse)}},
	{of: "27", name: "in a value", do: acts{sent(get(1, keep, "A", "a\x00b")), got(answer(1, 400)), open, warned}},
	{of: "27", name: "in a name", do: acts{sent(get(1, keep, "A\x00", "b")), got(answer(1, 400)), open, warned}},
	{of: "28", name: "Status", do: acts{
		ask, said(rec(recStdout, 1, "Status: 404 Not Found\r\n\r\n"), end(1, 0, 0)), got(rec(recStdout, 1, "Status: 404 Not Found\r\n\r\n"), end(1, 0, 0)), over, found(Reuse)}},
	{of: "28", name: "a status line", do: acts{
		ask, said(rec(recStdout, 1, "HTTP/1.1 200 OK\r\nA: b\r\n\r\n")), got(answer(1, 502)), over, failed(Reconnect, errHeader)}},
	{of: "28", name: "a status that is none", do: acts{ask, said(rec(recStdout, 1, "Status: great\n\n")), got(answer(1, 502)), over, failed(Reconnect, errHeader)}},

	posted("all of it", "5", "12345", Reuse),
	posted("a large body", "900000", strings.Repeat("x", 900000), Reuse),
	posted("too few", "6", "12345", Reconnect),
	posted("too many", "4", "12345", Reconnect),
	posted("no CONTENT_LENGTH", "", "12345", Reconnect),
	{of: "29", name: "an empty CONTENT_LENGTH and no body", do: acts{sent(get(1, keep, "CONTENT_LENGTH", "")), serve(1), found(Reuse), open}},
	{of: "30", name: "an answer before the body has come", do: acts{
		sent(large(keep)[:1000]), given(begun), said(rec(recStdout, 1, html)), got(rec(recStdout, 1, html)), sent(large(keep)[1000:]),
		said(end(1, 0, 0)), got(end(1, 0, 0)), givenBack, unreadInput}},
	{of: "30", name: "both ways in turn", do: acts{
		sent(begin(1, Responder, keep), rec(recParams, 1, pairs("CONTENT_LENGTH", "4")), rec(recParams, 1, "")),
		given(begin(1, Responder, keep), rec(recParams, 1, pairs("CONTENT_LENGTH", "4")), rec(recParams, 1, "")),
		said(rec(recStdout, 1, html)), got(rec(recStdout, 1, html)),
		sent(rec(recStdin, 1, "ab", 6)), given(rec(recStdin, 1, "ab")), said(rec(recStdout, 1, "ab")), got(rec(recStdout, 1, "ab")),
		sent(rec(recStdin, 1, "cd")), given(rec(recStdin, 1, "cd")), said(rec(recStdout, 1, "cd")), got(rec(recStdout, 1, "cd")),
		sent(rec(recStdin, 1, "")), given(rec(recStdin, 1, "")), said(end(1, 0, 0)), got(end(1, 0, 0)), found(Reuse), open}},
	{of: "31", name: "no STDIN; the worker gets its end all the same", do: acts{
		sent(x("01 01 0001 0008 0000  0002 01 0000000000"), rec(recParams, 1, pairs("A", "b")), rec(recParams, 1, "")),
		given(x("01 01 0001 0008 0000  0002 01 0000000000"), rec(recParams, 1, pairs("A", "b")), rec(recParams, 1, ""), rec(recStdin, 1, "")),
		said(rec(recStdout, 1, "Status: 200 OK\r\nVariable-USER: me\r\n\r\n"), end(1, 0, 0)), got(rec(recStdout, 1, "Status: 200 OK\r\nVariable-USER: me\r\n\r\n"), end(1, 0, 0)), found(Reuse), open}},
	{of: "31", name: "an empty STDIN, which goes there once", do: acts{
		sent(begin(1, Authorizer, keep), rec(recParams, 1, ""), rec(recStdin, 1, "")), given(begin(1, Authorizer, keep), rec(recParams, 1, ""), rec(recStdin, 1, "")),
		said(page(1, "denied")), got(page(1, "denied")), found(Reuse), open}},
	{of: "31", name: "STDIN, which is not passed on", do: acts{
		sent(begin(1, Authorizer, keep), rec(recParams, 1, ""), rec(recStdin, 1, "x"), rec(recStdin, 1, "")), given(begin(1, Authorizer, keep), rec(recParams, 1, ""), rec(recStdin, 1, "")),
		said(ok), got(ok), open}},
	{of: "32", name: "STDIN, then DATA", do: acts{sent(filtered(none)), given(filtered(keep)), said(ok), got(ok), closed, found(Reconnect)}},
	{of: "32", name: "in many records", do: acts{
		sent(begin(5, Filter, keep), rec(recParams, 5, ""), rec(recStdin, 5, "a"), rec(recStdin, 5, "b", 2), rec(recStdin, 5, ""), rec(recData, 5, "c"), rec(recData, 5, "")),
		given(begin(5, Filter, keep), rec(recParams, 5, ""), rec(recStdin, 5, "ab"), rec(recStdin, 5, ""), rec(recData, 5, "c"), rec(recData, 5, "")),
		said(page(5, "ok")), got(page(5, "ok")), found(Reconnect), connection(1), open}},
	{of: "32", name: "the answer begins between STDIN and DATA", do: acts{
		sent(filtered(keep)[:beginLen+headerLen+10+headerLen]), given(filtered(keep)[:beginLen+headerLen+10+headerLen]), said(rec(recStdout, 1, html)), got(rec(recStdout, 1, html)),
		sent(filtered(keep)[beginLen+headerLen+10+headerLen:]), given(filtered(keep)[beginLen+headerLen+10+headerLen:]), said(end(1, 0, 0)), got(end(1, 0, 0)), found(Reconnect)}},
	{of: "34", name: "records that only an application sends", do: acts{
		sent(rec(recEndRequest, 1, "x"), rec(recStdout, 1, "x"), rec(recStderr, 1, "x"), rec(recGetValuesResult, 0, ""), rec(recUnknownType, 0, ""), get(1, keep)), serve(1), open}},
	{of: "34", name: "BEGIN_REQUEST of a worker", do: acts{ask, said(begin(1, Responder, 1)), got(answer(1, 502)), over, failed(Violation, ErrProtocol)}},
	{of: "34", name: "PARAMS of a worker", do: acts{ask, said(rec(recParams, 1, "")), got(answer(1, 502)), over, failed(Violation, ErrProtocol)}},
}

// framing are parameters in records of a client, and the records that a worker gets for them: unpadded, and as few as hold whole pairs.
func framing(name string, records []byte, params ...string) row {
	head := begin(1, Responder, keep)
	for _, p := range params {
		head = append(head, rec(recParams, 1, p)...)
	}
	ends := join(rec(recParams, 1, ""), rec(recStdin, 1, ""))
	return row{of: "9", name: name, limits: Limits{MaxParams: 1 << 20}, do: acts{
		sent(begin(1, Responder, keep), records, ends), given(head, ends), said(ok), got(ok), open}}
}

// pair is one name-value pair of so many bytes.
func pair(name string, size int) string { return pairs(name, strings.Repeat("v", size-len(name)-5)) }

// framingRows are about what a worker gets for the parameters, whatever records they come in.
var framingRows = []row{
	framing("one record", rec(recParams, 1, pairs("A", "b"), 3), pairs("A", "b")),
	framing("a pair over two records", cut(pairs("NAME", "value"), 3, 7), pairs("NAME", "value")),
	framing("one full record", rec(recParams, 1, pair("A", maxContent), 1), pair("A", maxContent)),
	framing("a little more than a record", cut(pair("A", maxContent-1)+pairs("B", ""), 1000, 7), pair("A", maxContent-1), pairs("B", "")),
	framing("four records", cut(pair("A", 60000)+pair("B", 5535)+pairs("C", "")+pair("D", maxContent)+pair("E", 20000), maxContent, 7),
		pair("A", 60000)+pair("B", 5535), pairs("C", ""), pair("D", maxContent), pair("E", 20000)),
	framing("more than a socket takes", cut(strings.Repeat(pair("A", 50000), 18), maxContent, 7), slices.Repeat([]string{pair("A", 50000)}, 18)...),
}
