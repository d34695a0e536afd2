// Package fcgi relays FastCGI requests from web servers to workers, record by record, and trusts neither.
//
// A Proxy accepts connections, reads the head of each request, asks Pick for a worker, and passes the answer on. One thread, a Loop, does the I/O of
// all connections. Its verbs are files: accept (with listener), parse (with client, a web server's connection), pick (with stream, a request on its
// way), relay (with conn, a worker's connection), and account (with outlet, which writes). What understands records is apart from it: walker, parser,
// frame, input and response do no I/O, are fed with bytes in pieces of any size, and give the same for every cut of them.
//
// On the wire, for one request without body:
//
//	nginx                      proxy                         worker
//	  | BEGIN, PARAMS.., STDIN   |                              |
//	  |------------------------->| params judged, worker picked |
//	  |                          | BEGIN+KEEP, PARAMS, STDIN    |   one write, re-framed: one PARAMS record, no padding
//	  |                          |----------------------------->|
//	  |                          |     STDOUT, STDERR.., END    |
//	  |                          |<-----------------------------|
//	  |   STDOUT.., END          | worker is given back         |   whole records only, STDERR and orders to the web server taken out
//	  |<-------------------------|                              |
//
// The request id is the same on both sides. The two connections are kept or closed independently: a worker's is kept while it is clean, the
// client's if it asks for it (KEEP_CONN). Management records, ABORT_REQUEST and requests of unknown roles are answered here; a worker never
// sees them. Requests that share a connection run on workers of their own, and their answers' records are mixed as they come. FastCGI has no flow
// control for one of them: a client that does not read holds up all of its own requests, and input that a worker does not take holds up the
// rest of its connection's.
//
// Specification: FastCGI 1.0, 29 April 1996.
package fcgi
