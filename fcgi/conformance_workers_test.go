package fcgi

import (
	"bytes"
	"io"
	"strings"
)

// violates is a worker that breaks the protocol before the client has got anything.
func violates(name string, output ...[]byte) row {
	return row{of: "any worker", name: name, do: acts{ask, said(output...), got(answer(1, 502)), over, failed(Violation, ErrProtocol)}}
}

// speaksNonsense is a worker that keeps the protocol, but whose header block is none.
func speaksNonsense(name, block string) row {
	return row{of: "any worker", name: name, do: acts{ask, said(rec(recStdout, 1, block)), got(answer(1, 502)), over, failed(Reconnect, errHeader)}}
}

// closesWithin is a worker that closes when the client has got a part of the answer, seen, but not all that it said.
func closesWithin(name string, seen []byte, more []byte) row {
	return row{of: "any worker", name: name, do: acts{ask, said(seen), got(seen), said(more), quit, broken, failed(Lost, io.ErrUnexpectedEOF)}}
}

// workerRows are habits of workers, good and bad.
var workerRows = []row{
	{of: "php-cgi", name: "reserved bytes from its memory are cleared", do: acts{
		ask, said(x("01 06 0001 0008 00 6d", "A: b\r\n\r\n", "01 03 0001 0008 00 6d  00000000 00 6d656d")),
		got(x("01 06 0001 0008 00 00", "A: b\r\n\r\n", "01 03 0001 0008 00 00  00000000 00 000000")), over, found(Reuse)}},
	{of: "php-cgi", name: "closes at its limit of requests, with END_REQUEST", do: acts{
		ask, said(page(1, "hi")), quit, got(page(1, "hi")), over}},
	{of: "libfcgi", name: "STDERR, STDOUT and their ends, padded", do: acts{
		ask, said(rec(recStderr, 1, "warn", 4), rec(recStdout, 1, html+"hi", 6), rec(recStderr, 1, ""), rec(recStdout, 1, ""), end(1, 3, 0)),
		got(rec(recStdout, 1, html+"hi"), rec(recStdout, 1, ""), end(1, 3, 0)), over, complaint("warn"), found(Reuse)}},
	{of: "libfcgi", name: "the end of STDIN comes with the head, or it gives the connection up", do: acts{
		sent(get(1, keep)), givenAtOnce(get(1, keep)), said(ok), got(ok), sent(get(2, keep)), givenAtOnce(get(2, keep)), said(page(2, "ok")), got(page(2, "ok")), found(Reuse, Reuse)}},
	{of: "flup", name: "every byte by itself", do: acts{
		ask, saidByteByByte(join(rec(recStdout, 1, html, 4), rec(recStdout, 1, "hi", 6), rec(recStdout, 1, ""), end(1, 0, 0))),
		got(rec(recStdout, 1, html), x("01 06 0001 0002 06 00", "hi", "000000000000"), rec(recStdout, 1, ""), end(1, 0, 0)), over, found(Reuse)}},
	{of: "Go", name: "header, body and both ends apart", do: acts{
		ask, said(rec(recStdout, 1, html)), got(rec(recStdout, 1, html)), said(rec(recStdout, 1, "hi")), got(rec(recStdout, 1, "hi")), said(rec(recStdout, 1, "")), got(rec(recStdout, 1, "")), said(end(1, 0, 0)), got(end(1, 0, 0)), over, found(Reuse)}},
	{of: "Go", name: "it would answer ABORT_REQUEST twice: it gets none", do: acts{
		sent(post(1, keep, "9", "abc")[:len(post(1, keep, "9", "abc"))-headerLen]), given(post(1, keep, "9", "abc")[:len(post(1, keep, "9", "abc"))-headerLen]), sent(rec(recAbortRequest, 1, "")), got(end(1, 0, 0)), dropped, found(Reconnect)}},
	{of: "Rust", name: "a status of four letters", do: acts{
		ask, said(rec(recStdout, 1, html), rec(recStdout, 1, ""), x("01 03 0001 0008 0000", "ABRT", "00 000000")), got(rec(recStdout, 1, html), rec(recStdout, 1, ""), x("01 03 0001 0008 0000", "ABRT", "00 000000")), over, found(Reuse)}},
	{of: "uWSGI", name: "closes behind END_REQUEST in spite of KEEP_CONN: found closed", do: acts{
		sent(get(1, keep)), given(get(1, keep)), said(ok), quit, got(ok), found(Reuse), pause, sent(post(2, keep, "2", "ab")), connection(1), given(post(2, keep, "2", "ab")), said(page(2, "ok")), got(page(2, "ok")),
		found(Reuse, Stale, Reuse)}},
	{of: "uWSGI", name: "closes when the next request is on its way: what may not be sent twice is lost", do: acts{
		sent(get(1, keep)), given(get(1, keep)), said(ok), got(ok), sent(post(2, keep, "2", "ab")), given(post(2, keep, "2", "ab")), quit, got(answer(2, 502)), found(Reuse, Lost), warned}},

	violates("another version", x("02 06 0001 0000 0000")),
	violates("another id", page(2, "hi")),
	violates("type 0", rec(0, 1, "")),
	violates("END_REQUEST of 7 bytes", rec(recStdout, 1, html), rec(recEndRequest, 1, "1234567")),
	violates("END_REQUEST alone", end(1, 0, 0)),
	violates("END_REQUEST within the header block", rec(recStdout, 1, "A: b\r\n"), end(1, 0, 0)),
	violates("another id in the body", rec(recStdout, 1, html), rec(recStdout, 2, "x")),
	violates("endless empty STDOUT", rec(recStdout, 1, html), bytes.Repeat(rec(recStdout, 1, ""), 1000)),
	violates("endless empty STDERR", bytes.Repeat(rec(recStderr, 1, ""), 1000)),
	violates("endless STDERR", bytes.Repeat(rec(recStderr, 1, strings.Repeat("e", maxContent)), 1+maxStderr/maxContent)),
	violates("endless header block", bytes.Repeat(rec(recStdout, 1, "A: "+strings.Repeat("b", 60)+"\r\n"), 2000)),
	{of: "any worker", name: "more than an answer", do: acts{ask, said(page(1, "hi"), rec(recStdout, 1, "and more")), got(page(1, "hi")), over, found(Violation), warned}},
	speaksNonsense("NUL in the header block", "A: b\x00\r\n\r\n"),
	speaksNonsense("a header line without a colon", "<html>\n\n"),
	speaksNonsense("no header line", "\r\n\r\nx"),
	{of: "any worker", name: "closes within the header block", do: acts{ask, said(rec(recStdout, 1, html[:5])), quit, got(answer(1, 502)), over, failed(Lost, io.ErrUnexpectedEOF)}},
	{of: "any worker", name: "closes within the first record", do: acts{ask, said(page(1, "hi")[:30]), quit, got(answer(1, 502)), over, failed(Lost, io.ErrUnexpectedEOF)}},
	closesWithin("closes behind the header block", rec(recStdout, 1, html), nil),
	closesWithin("closes within the body", rec(recStdout, 1, html), rec(recStdout, 1, "body")[:10]),
	closesWithin("closes before END_REQUEST", join(rec(recStdout, 1, html), rec(recStdout, 1, "")), nil),
	{of: "any worker", name: "another id when the answer has begun", do: acts{
		ask, said(rec(recStdout, 1, html)), got(rec(recStdout, 1, html)), said(rec(recStdout, 2, "x")), broken, failed(Violation, ErrProtocol)}},
	{of: "any worker", name: "bytes that nobody asked for", do: acts{
		sent(get(1, keep)), given(get(1, keep)), said(ok), got(ok), found(Reuse), said([]byte("hello")), pause, sent(get(2, keep)), connection(1), given(get(2, keep)), said(page(2, "ok")), got(page(2, "ok")),
		found(Reuse, Violation, Reuse)}},
}
