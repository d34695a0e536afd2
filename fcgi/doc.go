// Package fcgi relays FastCGI requests from web servers to workers, record by record, and trusts neither.
//
// A Proxy accepts connections, reads the head of each request, asks Pick for a worker, and passes the answer on. The verbs are files:
// accept, parse (with client.go, which owns a connection), pick, relay (with exchange.go, which talks to the worker, and pump.go, for what the
// client sends meanwhile) and account. What reads and writes is apart from what understands records: walker, parser, frame, input and response do
// no I/O, are fed with bytes in pieces of any size, and give the same for every cut of them.
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
// sees them. One request runs on a connection at a time; a second is told CANT_MPX_CONN.
//
// Specification: FastCGI 1.0, 29 April 1996.
package fcgi
