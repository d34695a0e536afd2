// Package proxy is the unprivileged role of jpm: it speaks FastCGI with web servers and workers, keeps the pools, and
// serves the status endpoint. Its jail leaves it no file, no network beyond the sockets it was given, no capability
// and no way to make or signal a process; what it needs done it asks the master for over the link.
//
//	Run
//	 ├─ link reader     one goroutine: the master's messages become events of pools
//	 ├─ site (per pool) pool.Pool + fcgi.Proxy, joined by gateway.go
//	 ├─ fcgi.Loop       one thread: all connections of web servers and workers; it calls the sites, which must not block
//	 └─ status server
package proxy
