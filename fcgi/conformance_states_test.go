package fcgi

import (
	"io"
	"strings"
)

// large is a request whose body comes in two pieces; begun is what its worker is given of the first.
var (
	large = func(flags uint8) []byte { return post(1, flags, "1000000", strings.Repeat("x", 1000000)) }
	begun = join(large(keep)[:75], rec(recStdin, 1, strings.Repeat("x", 917)))
)

// stateRows are about states that the specification does not mention.
var stateRows = []row{
	{of: "state closed before END", name: "behind the end of STDOUT", do: acts{
		ask, said(rec(recStdout, 1, html), rec(recStdout, 1, "")), got(rec(recStdout, 1, html), rec(recStdout, 1, "")), hangUp, said(end(1, 0, 0)), givenBack}},
	{of: "state closed before END", name: "in the header of END_REQUEST", do: acts{
		ask, said(rec(recStdout, 1, html), rec(recStdout, 1, ""), end(1, 0, 0)), got(rec(recStdout, 1, html), rec(recStdout, 1, ""), end(1, 0, 0)[:headerLen]), hangUp, givenBack}},
	{of: "state closed after END", name: "the next request goes to a new connection", do: acts{
		sent(get(1, keep)), given(get(1, keep)), said(ok), quit, got(ok), connection(1), sent(get(1, keep)), serve(1), open}},
	{of: "state closed instead of BEGIN", name: "a request that may be sent twice", do: acts{
		sent(get(1, keep)), given(get(1, keep)), said(ok), got(ok), sent(get(2, keep)), given(get(2, keep)), quit, connection(1), given(get(2, keep)), said(page(2, "ok")), got(page(2, "ok")),
		found(Reuse, Lost, Reuse), retried, open}},
	{of: "state closed instead of BEGIN", name: "a request that may not", do: acts{
		sent(get(1, keep)), given(get(1, keep)), said(ok), got(ok), sent(post(2, keep, "2", "ab")), given(post(2, keep, "2", "ab")), quit, got(answer(2, 502)), found(Reuse, Lost), warned}},
	{of: "state closed instead of BEGIN", name: "the first request of a connection", do: acts{ask, quit, got(answer(1, 502)), over, failed(Lost, io.ErrUnexpectedEOF)}},
	{of: "state END in STDIN", name: "what still comes is ignored", do: acts{
		sent(large(keep)[:1000]), given(begun), said(ok), got(ok), sent(large(keep)[1000:]),
		found(Reconnect), connection(1), open}},
	{of: "state END in STDIN", name: "and taken before the close, so that the answer is read", do: acts{
		sent(large(none)[:1000]), given(begun), said(ok), got(ok), sent(large(none)[1000:]),
		closed, found(Reconnect)}},
	{of: "state second END", name: "together with the first", do: acts{ask, said(page(1, "hi"), end(1, 0, 0)), got(page(1, "hi")), over, found(Violation), warned}},
	{of: "state second END", name: "later", do: acts{
		sent(get(1, keep)), given(get(1, keep)), said(ok), got(ok), found(Reuse), said(end(1, 0, 0)), pause, sent(get(2, keep)), connection(1), given(get(2, keep)), said(page(2, "ok")), got(page(2, "ok")),
		found(Reuse, Violation, Reuse)}},
}
