package fcgi

import (
	"errors"
	"strings"
	"time"
)

// requestRows are about the begin and the end of requests: sections 5 and 7 of the specification, and what jpm refuses.
var requestRows = []row{
	{of: "17", name: "role 4", do: acts{sent(x("01 01 0003 0008 0000  0004 01 0000000000")), got(x("01 03 0003 0008 0000  00000000 03 000000")), open}},
	{of: "17", name: "role 0", do: acts{sent(begin(3, 0, keep)), got(end(3, 0, 3)), open}},
	{of: "17", name: "role 257", do: acts{sent(begin(3, 257, keep)), got(end(3, 0, 3)), open}},
	{of: "17", name: "without KEEP_CONN", do: acts{sent(begin(3, 4, none)), got(end(3, 0, 3)), closed}},
	{of: "17", name: "the rest of the request", do: acts{
		sent(begin(1, 9, keep), rec(recParams, 1, pairs("A", "b")), rec(recParams, 1, ""), rec(recStdin, 1, ""), get(1, keep)), got(end(1, 0, 3)), serve(1), open}},
	{of: "18", name: "all flags", do: acts{sent(get(1, 0xff)), given(get(1, keep)), said(ok), got(ok), open}},
	{of: "18", name: "all but KEEP_CONN", do: acts{sent(get(1, 0xfe)), given(get(1, keep)), said(ok), got(ok), closed}},
	{of: "18", name: "reserved bytes of BEGIN_REQUEST", do: acts{
		sent(x("01 01 0001 0008 00 ff  0001 01 ffffffffff"), rec(recParams, 1, ""), rec(recStdin, 1, "")), given(simpleHead), said(ok), got(ok), open}},
	{of: "18", name: "BEGIN_REQUEST of seven bytes", do: acts{sent(rec(recBeginRequest, 1, "\x00\x01\x01aaaa")), closed, warned}},
	{of: "18", name: "BEGIN_REQUEST of nine bytes", do: acts{sent(rec(recBeginRequest, 1, "\x00\x01\x01aaaaaa")), closed, warned}},
	{of: "19", name: "STDIN without PARAMS", do: acts{sent(begin(1, Responder, keep), rec(recStdin, 1, "x")), closed, warned}},
	{of: "19", name: "STDIN before the end of PARAMS", do: acts{sent(begin(1, Responder, keep), rec(recParams, 1, "\x00\x00"), rec(recStdin, 1, "")), closed, warned}},
	{of: "19", name: "PARAMS behind their end", do: acts{sent(begin(1, Responder, keep), rec(recParams, 1, ""), rec(recParams, 1, "x")), closed, warned}},
	{of: "19", name: "no parameter at all", do: acts{sent(simpleHead), given(simpleHead), said(ok), got(ok), open}},
	{of: "20", name: "within PARAMS", do: acts{sent(begin(1, Responder, keep), rec(recParams, 1, "x"), rec(recAbortRequest, 1, "")), got(end(1, 0, 0)), open}},
	{of: "20", name: "within PARAMS, without KEEP_CONN", do: acts{sent(begin(1, Responder, none), rec(recAbortRequest, 1, "")), got(end(1, 0, 0)), closed}},
	{of: "20", name: "within STDIN", do: acts{
		sent(begin(1, Responder, keep), rec(recParams, 1, ""), rec(recStdin, 1, "x"), rec(recAbortRequest, 1, "")), got(end(1, 0, 0)), open}},
	{of: "20", name: "while a worker works: it gets no ABORT_REQUEST, its connection ends", do: acts{
		sent(get(1, keep)), given(get(1, keep)), sent(x("01 02 0001 0000 0000")), got(x("01 03 0001 0008 0000  00000000 00 000000")), dropped, found(Reconnect),
		sent(get(2, keep)), serve(2), open}},
	{of: "20", name: "within the answer", do: acts{
		sent(get(1, keep)), given(get(1, keep)), said(rec(recStdout, 1, html)), got(rec(recStdout, 1, html)), sent(rec(recAbortRequest, 1, "")), got(end(1, 0, 0)), dropped, found(Reconnect), open}},
	{of: "20", name: "of another id", do: acts{ask, sent(rec(recAbortRequest, 9, "")), said(ok), got(ok), over, found(Reuse)}},
	{of: "21", name: "closes while a worker works", do: acts{ask, hangUp, dropped, found(Reconnect)}},
	{of: "21", name: "closes within PARAMS", do: acts{sent(get(1, keep)[:30]), hangUp}},
	{of: "21", name: "closes within STDIN", do: acts{sent(post(1, keep, "300000", strings.Repeat("x", 300000))[:200000]), hangUp}},
	{of: "21", name: "closes its side only, having said all", do: acts{ask, halfClose, said(ok), got(ok), closed, found(Reuse)}},
	{of: "22", name: "a second request", do: acts{
		sent(begin(1, Responder, keep), begin(2, Responder, keep), rec(recParams, 2, pairs("A", "b")), rec(recParams, 1, pairs("REQUEST_METHOD", "GET")),
			rec(recParams, 2, ""), rec(recParams, 1, ""), rec(recStdin, 2, ""), rec(recStdin, 1, "")), serve(2), serve(1), open}},
	{of: "22", name: "a second request while a worker works", do: acts{ask, sent(get(2, keep)), queued, said(ok), got(ok), serve(2), over, found(Reuse, Reuse)}},
	{of: "22", name: "a second request of an unknown role", do: acts{
		sent(begin(1, Responder, keep), begin(2, 7, none), rec(recParams, 1, ""), rec(recStdin, 1, "")), got(end(2, 0, 3)), serve(1), closed}},
	{of: "23", name: "an answer that every web server understands", refuse: &Refusal{Status: 503, Reason: "queue full", RetryAfter: 1500 * time.Millisecond}, do: acts{
		sent(get(1, keep)), got(rec(recStdout, 1, "Status: 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\nRetry-After: 2\r\n\r\n503 Service Unavailable\n"),
			x("01 06 0001 0000 0000  01 03 0001 0008 0000  00000000 00 000000")), sent(get(1, none)), got(appendAnswer(nil, 1, 503, 2*time.Second)), closed}},
	{of: "23", name: "no workers at all", refuse: errors.New("no workers"), do: acts{sent(get(1, keep)), got(answer(1, 502)), sent(get(1, none)), got(answer(1, 502)), closed, warned}},
	{of: "24", name: "within PARAMS", do: acts{sent(begin(1, Responder, keep), begin(1, Responder, keep)), closed, warned}},
	{of: "24", name: "while a worker works", do: acts{ask, sent(begin(1, Responder, keep)), closed, dropped, warned}},

	{of: "policy", name: "two values", do: acts{sent(get(1, keep, "SCRIPT_FILENAME", "/srv/b.php")), got(answer(1, 400)), open, warned}},
	{of: "policy", name: "the same value twice", do: acts{sent(get(1, keep, "SCRIPT_FILENAME", "/srv/a.php")), serve(1), open}},
	{of: "policy", name: "HTTP_PROXY", do: acts{sent(get(1, keep, "HTTP_PROXY", "evil:80")), got(answer(1, 403)), open, warned}},
	{of: "policy", name: "empty HTTP_PROXY", do: acts{sent(get(1, keep, "HTTP_PROXY", "")), serve(1), open}},
	{of: "policy", name: "PHP_VALUE", do: acts{sent(get(1, keep, "PHP_VALUE", "x=y")), got(answer(1, 403)), open, warned}},
	{of: "policy", name: "PHP_ADMIN_VALUE", do: acts{sent(get(1, none, "PHP_ADMIN_VALUE", "x=y")), got(answer(1, 403)), closed, warned}},
	{of: "policy", name: "CONTENT_LENGTH is no number", do: acts{sent(get(1, keep, "CONTENT_LENGTH", "-1")), got(answer(1, 400)), open, warned}},
	{of: "policy", name: "CONTENT_LENGTH over all numbers", do: acts{sent(get(1, keep, "CONTENT_LENGTH", strings.Repeat("9", 30))), got(answer(1, 413)), open, warned}},
	{of: "policy", name: "CONTENT_LENGTH over the limit", do: acts{sent(post(1, keep, "1048577", strings.Repeat("x", 1000))), got(answer(1, 413)), open, warned}},
	{of: "policy", name: "parameters over the limit", do: acts{
		sent(get(1, keep, "A", strings.Repeat("a", 60000), "B", strings.Repeat("b", 5000))), got(answer(1, 431)), open, warned}},
	{of: "policy", name: "headers that command the web server", do: acts{ask,
		said(rec(recStdout, 1, "Status: 404 Not Found\r\nX-Accel-Redirect: /secret\r\nx-sendfile: /etc/passwd\r\nA: b\r\nX-Accel-Buffering: no\r\n\r\nbody", 5), end(1, 0, 0)),
		got(rec(recStdout, 1, "Status: 404 Not Found\r\nA: b\r\nX-Accel-Buffering: no\r\n\r\nbody"), end(1, 0, 0)), over, found(Reuse), warned}},
	{of: "policy", name: "only headers that command the web server", do: acts{ask,
		said(rec(recStdout, 1, "X-Accel-Redirect: /secret\n\nbody"), end(1, 0, 0)), got(rec(recStdout, 1, "\nbody"), end(1, 0, 0)), over, found(Reuse), warned}},
}
