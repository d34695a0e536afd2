package fcgi

// A POST with id 3, in the pieces in which it is sent.
var (
	head3 = join(begin(3, Responder, keep), rec(recParams, 3, pairs("REQUEST_METHOD", "POST", "CONTENT_LENGTH", "4")), rec(recParams, 3, ""))
	body3 = [][]byte{rec(recStdin, 3, "ab"), rec(recStdin, 3, "cd"), rec(recStdin, 3, "")}
)

// both1and3 are two requests at once, each with a worker of its own.
var both1and3 = act{"both1and3", func(p *play) {
	p.t.Helper()
	for n, id := range []uint16{1, 3} {
		for _, a := range (acts{sent(get(id, keep)), connection(n), given(get(id, keep))}) {
			a.do(p)
		}
	}
}}

// multiplexRows are about several requests at once on one connection.
var multiplexRows = []row{
	{of: "22", name: "two at once, the second is answered first", mpx: 2, do: acts{
		both1and3, said(page(3, "ok")), got(page(3, "ok")), connection(0), said(ok), got(ok), found(Reuse, Reuse), open}},
	{of: "22", name: "the records of two answers, in the order in which they come", mpx: 2, do: acts{
		both1and3, said(rec(recStdout, 3, html)), got(rec(recStdout, 3, html)), connection(0), said(rec(recStdout, 1, html)), got(rec(recStdout, 1, html)),
		connection(1), said(rec(recStdout, 3, "a")), got(rec(recStdout, 3, "a")), connection(0), said(end(1, 0, 0)), got(end(1, 0, 0)), connection(1), said(end(3, 0, 0)), got(end(3, 0, 0)), found(Reuse, Reuse)}},
	{of: "22", name: "input of one while another runs", mpx: 2, do: acts{
		ask, sent(head3), connection(1), given(head3), sent(body3[0]), given(body3[0]), connection(0), said(ok), got(ok), connection(1), sent(body3[1]), given(body3[1]), sent(body3[2]), given(body3[2]),
		said(page(3, "ok")), got(page(3, "ok")), found(Reuse, Reuse)}},
	{of: "22", name: "one is aborted", mpx: 2, do: acts{
		both1and3, sent(rec(recAbortRequest, 1, "")), got(end(1, 0, 0)), connection(0), dropped, connection(1), said(page(3, "ok")), got(page(3, "ok")), found(Reconnect, Reuse)}},
	{of: "22", name: "a worker dies before its answer", mpx: 2, do: acts{
		both1and3, connection(0), quit, got(answer(1, 502)), connection(1), said(page(3, "ok")), got(page(3, "ok")), found(Lost, Reuse), warned}},
	{of: "22", name: "GET_VALUES and an unknown type between the answers", mpx: 2, do: acts{
		both1and3, said(rec(recStdout, 3, html)), got(rec(recStdout, 3, html)), sent(rec(recGetValues, 0, pairs("FCGI_MAX_REQS", "")), rec(77, 0, "")), got(maxReqs, x("01 0b 0000 0008 0000  4d 00000000000000")),
		said(end(3, 0, 0)), got(end(3, 0, 0)), connection(0), said(ok), got(ok), found(Reuse, Reuse)}},
	{of: "22", name: "one does not keep the connection: it is closed behind the last answer", mpx: 2, do: acts{
		sent(get(1, none)), given(get(1, keep)), sent(get(3, keep)), connection(1), given(get(3, keep)), connection(0), said(ok), got(ok), connection(1), said(page(3, "ok")), got(page(3, "ok")), closed, found(Reuse, Reuse)}},
	{of: "21", name: "closes while two workers work", mpx: 2, do: acts{both1and3, hangUp, dropped, connection(0), dropped, found(Reconnect, Reconnect)}},
	{of: "24", name: "of one of two", mpx: 2, do: acts{both1and3, sent(begin(1, Responder, keep)), closed, dropped, connection(0), dropped, found(Reconnect, Reconnect), warned}},
	{of: "HAProxy", name: "mpxs-conns: three requests over two workers, the third waits", mpx: 2, do: acts{
		both1and3, sent(get(5, keep)), queued, connection(0), said(ok), got(ok), given(get(5, keep)), said(page(5, "ok")), got(page(5, "ok")), connection(1), said(page(3, "ok")), got(page(3, "ok")), found(Reuse, Reuse, Reuse)}},
}
