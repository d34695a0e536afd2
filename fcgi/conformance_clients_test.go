package fcgi

import "strings"

// clientRows are habits of the web servers.
var clientRows = []row{
	{of: "nginx", name: "all of a GET in one write, padded to 8, which goes on in one write", do: acts{
		sent(x("01 01 0001 0008 0000  0001 00 0000000000"), x("01 04 0001 0013 05 00  0e03", "REQUEST_METHODGET", "0000000000"), x("01 04 0001 0000 0000  01 05 0001 0000 0000")),
		givenAtOnce(x("01 01 0001 0008 0000  0001 01 0000000000"), x("01 04 0001 0013 00 00  0e03", "REQUEST_METHODGET"), x("01 04 0001 0000 0000  01 05 0001 0000 0000")),
		said(ok), got(ok), closed}},
	{of: "nginx", name: "padding behind 65533 bytes of parameters", limits: Limits{MaxParams: 1 << 20}, do: acts{
		sent(begin(1, Responder, none), rec(recParams, 1, pair("A", 65533), 3), rec(recParams, 1, ""), rec(recStdin, 1, "")),
		given(begin(1, Responder, keep), rec(recParams, 1, pair("A", 65533)), rec(recParams, 1, ""), rec(recStdin, 1, "")), said(ok), got(ok), closed}},
	{of: "nginx", name: "a body in padded records of 32 KiB becomes few records", do: acts{
		sent(begin(1, Responder, none), rec(recParams, 1, pairs("CONTENT_LENGTH", "40000")), rec(recParams, 1, ""), rec(recStdin, 1, strings.Repeat("x", 32768)), rec(recStdin, 1, strings.Repeat("x", 7232)), rec(recStdin, 1, "")),
		given(begin(1, Responder, keep), rec(recParams, 1, pairs("CONTENT_LENGTH", "40000")), rec(recParams, 1, ""), rec(recStdin, 1, strings.Repeat("x", 40000)), rec(recStdin, 1, "")),
		said(ok), got(ok), closed}},
	{of: "nginx", name: "fastcgi_request_buffering off: each piece goes on as it comes", do: acts{
		sent(begin(1, Responder, none), rec(recParams, 1, pairs("CONTENT_LENGTH", "4")), rec(recParams, 1, "")),
		given(begin(1, Responder, keep), rec(recParams, 1, pairs("CONTENT_LENGTH", "4")), rec(recParams, 1, "")),
		sent(rec(recStdin, 1, "abc", 5)), given(rec(recStdin, 1, "abc")), sent(rec(recStdin, 1, "d", 7)), given(rec(recStdin, 1, "d")), sent(rec(recStdin, 1, "")), given(rec(recStdin, 1, "")),
		said(ok), got(ok), closed, found(Reuse)}},
	{of: "nginx", name: "HEAD: closes behind the header", do: acts{
		sent(get(1, none)), given(get(1, keep)), said(rec(recStdout, 1, html)), got(rec(recStdout, 1, html)), hangUp, dropped, found(Reconnect)}},
	{of: "nginx", name: "connects and closes", do: acts{hangUp}},
	{of: "nginx", name: "fastcgi_keep_conn: nothing comes behind END_REQUEST, and no close", do: acts{
		sent(get(1, keep)), serve(1), pause, sent(get(1, keep)), serve(1), pause, sent(get(1, keep)), serve(1), found(Reuse, Reuse, Reuse), open}},
	{of: "nginx", name: "an answer that breaks off is no whole one", do: acts{ask, said(rec(recStdout, 1, html), rec(recStdout, 1, "a part")), got(rec(recStdout, 1, html), rec(recStdout, 1, "a part")), quit, broken, warned}},
	{of: "nginx", name: "STDERR before the header does not fill its buffer", do: acts{
		ask, said(rec(recStderr, 1, strings.Repeat("e", 6000)), rec(recStdout, 1, html), end(1, 0, 0)), got(rec(recStdout, 1, html), end(1, 0, 0)), over, complaint(strings.Repeat("e", 6000))}},

	{of: "Apache", name: "four writes, and a script with Apache's address", do: acts{
		sent(begin(1, Responder, none)), pause, sent(rec(recParams, 1, pairs("SCRIPT_FILENAME", "proxy:fcgi://127.0.0.1:9000/srv/a.php"))), pause, sent(rec(recParams, 1, "")), pause, sent(rec(recStdin, 1, "")),
		given(begin(1, Responder, keep), rec(recParams, 1, pairs("SCRIPT_FILENAME", "/srv/a.php")), rec(recParams, 1, ""), rec(recStdin, 1, "")), said(ok), got(ok), closed}},
	{of: "Apache", name: "the address of a balancer", do: acts{
		sent(begin(1, Responder, none), rec(recParams, 1, pairs("SCRIPT_FILENAME", "proxy:balancer://app/srv/a.php")), rec(recParams, 1, ""), rec(recStdin, 1, "")),
		given(begin(1, Responder, keep), rec(recParams, 1, pairs("SCRIPT_FILENAME", "/srv/a.php")), rec(recParams, 1, ""), rec(recStdin, 1, "")), said(ok), got(ok), closed}},
	{of: "Apache", name: "parameters in records of 16 KiB, which become one", do: acts{
		sent(begin(1, Responder, none), rec(recParams, 1, pair("A", 16000)), rec(recParams, 1, pair("B", 16000)), rec(recParams, 1, ""), rec(recStdin, 1, "")),
		given(begin(1, Responder, keep), rec(recParams, 1, pair("A", 16000)+pair("B", 16000)), rec(recParams, 1, ""), rec(recStdin, 1, "")), said(ok), got(ok), closed}},
	{of: "Apache", name: "authorizes without STDIN", do: acts{
		sent(begin(1, Authorizer, none), rec(recParams, 1, pairs("FCGI_ROLE", "AUTHORIZER", "FCGI_APACHE_ROLE", "AUTHENTICATOR")), rec(recParams, 1, ""), rec(recStdin, 1, "")),
		given(begin(1, Authorizer, keep), rec(recParams, 1, pairs("FCGI_ROLE", "AUTHORIZER", "FCGI_APACHE_ROLE", "AUTHENTICATOR")), rec(recParams, 1, ""), rec(recStdin, 1, "")), said(ok), got(ok), closed, found(Reuse)}},

	{of: "Caddy", name: "padded to 8, and all of the body before it reads", do: acts{
		sent(begin(1, Responder, none), rec(recParams, 1, pairs("CONTENT_LENGTH", "65500"), 1), rec(recParams, 1, ""), rec(recStdin, 1, strings.Repeat("x", 65500), 4), rec(recStdin, 1, "")),
		given(begin(1, Responder, keep), rec(recParams, 1, pairs("CONTENT_LENGTH", "65500")), rec(recParams, 1, ""), rec(recStdin, 1, strings.Repeat("x", 65500)), rec(recStdin, 1, "")), said(ok), got(ok), closed}},
	{of: "Caddy", name: "takes any type for the body: STDERR does not reach it", do: acts{
		sent(get(1, none)), given(get(1, keep)), said(rec(recStdout, 1, html), rec(recStderr, 1, "a secret"), rec(recStdout, 1, "b"), end(1, 0, 0)), got(rec(recStdout, 1, html), rec(recStdout, 1, "b"), end(1, 0, 0)), closed, complaint("a secret")}},

	{of: "HAProxy", name: "get-values: asks first, then odd ids that grow", do: acts{
		sent(x("01 09 0000 0020 0000  0d00", "FCGI_MAX_REQS", "0f00", "FCGI_MPXS_CONNS")), got(x("01 0a 0000 0022 0000  0d01", "FCGI_MAX_REQS8", "0f01", "FCGI_MPXS_CONNS"+mpxs)),
		sent(get(1, keep)), serve(1), sent(get(3, keep)), serve(3), sent(get(5, keep)), serve(5), sent(get(0x7fff, keep)), serve(0x7fff), open}},
	{of: "HAProxy", name: "aborts, and uses the connection on", do: acts{
		sent(get(1, keep)), given(get(1, keep)), sent(rec(recAbortRequest, 1, "")), got(end(1, 0, 0)), dropped, sent(get(3, keep)), serve(3), open}},
	{of: "HAProxy", name: "aborts what is over, and then closes", do: acts{sent(get(1, keep)), serve(1), sent(rec(recAbortRequest, 1, "")), hangUp, found(Reuse)}},

	{of: "lighttpd", name: "upgrade: a stream both ways until the client ends it", do: acts{
		sent(begin(1, Responder, none), rec(recParams, 1, pairs("HTTP_UPGRADE", "websocket")), rec(recParams, 1, "")), given(begin(1, Responder, keep), rec(recParams, 1, pairs("HTTP_UPGRADE", "websocket")), rec(recParams, 1, "")),
		said(rec(recStdout, 1, "Status: 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n")), got(rec(recStdout, 1, "Status: 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n")),
		sent(rec(recStdin, 1, "ping")), given(rec(recStdin, 1, "ping")), said(rec(recStdout, 1, "pong")), got(rec(recStdout, 1, "pong")),
		said(rec(recStdout, 1, "more")), got(rec(recStdout, 1, "more")), sent(rec(recStdin, 1, "")), given(rec(recStdin, 1, "")), said(end(1, 0, 0)), got(end(1, 0, 0)), closed, found(Reconnect)}},
	{of: "lighttpd", name: "authorizes with one empty STDIN", do: acts{
		sent(begin(1, Authorizer, none), rec(recParams, 1, pairs("A", "b")), rec(recParams, 1, ""), rec(recStdin, 1, "")),
		given(begin(1, Authorizer, keep), rec(recParams, 1, pairs("A", "b")), rec(recParams, 1, ""), rec(recStdin, 1, "")), said(ok), got(ok), closed, found(Reuse)}},

	{of: "gofast", name: "always kept, ids that grow", do: acts{sent(get(1, keep)), serve(1), sent(get(2, keep)), serve(2), open}},
	{of: "gofast", name: "authorizes with the body, which an Authorizer does not get", do: acts{
		sent(begin(1, Authorizer, keep), rec(recParams, 1, pairs("A", "b"), 3), rec(recParams, 1, ""), rec(recStdin, 1, "body", 4), rec(recStdin, 1, "")),
		given(begin(1, Authorizer, keep), rec(recParams, 1, pairs("A", "b")), rec(recParams, 1, ""), rec(recStdin, 1, "")), said(ok), got(ok), open}},
	{of: "mod_fcgid", name: "a body in records of 8 KiB, nothing padded", do: acts{
		sent(begin(1, Responder, none), rec(recParams, 1, pairs("CONTENT_LENGTH", "16384")), rec(recParams, 1, ""), rec(recStdin, 1, strings.Repeat("x", 8192)), rec(recStdin, 1, strings.Repeat("x", 8192)), rec(recStdin, 1, "")),
		given(begin(1, Responder, keep), rec(recParams, 1, pairs("CONTENT_LENGTH", "16384")), rec(recParams, 1, ""), rec(recStdin, 1, strings.Repeat("x", 16384)), rec(recStdin, 1, "")), said(ok), got(ok), closed}},
	{of: "cgi-fcgi", name: "exits with the application's status", do: acts{
		sent(get(1, none)), given(get(1, keep)), said(rec(recStdout, 1, html), end(1, 253, 0)), got(rec(recStdout, 1, html), x("01 03 0001 0008 0000  000000fd 00 000000")), closed, found(Reuse)}},
	{of: "fcgi.inc", name: "a random id, and no second end of STDOUT", do: acts{
		sent(get(43210, none)), given(get(43210, keep)), said(page(43210, "ok")), got(page(43210, "ok")), closed, found(Reuse)}},
}
