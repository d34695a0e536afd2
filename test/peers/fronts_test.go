//go:build integration

package peers

import (
	"fmt"
	"syscall"
	"testing"
)

// front is a web server in front of the relay, set up in one way.
type front struct {
	name    string
	keeps   bool // it keeps its connections to the relay
	buffers bool // it passes nothing on before the answer is whole
	hides   bool // it ends an answer that was broken off as if it were whole
	unsized bool // it passes a body on whose length it does not know: a large one is refused
	refuses bool // it refuses such a body if it cannot hold it
	start   func(t *testing.T, r *relay, root string) (url string)
}

var fronts = []front{
	{name: "nginx", start: nginxWith("")},
	{name: "nginx, keep_conn", keeps: true, start: nginxWith("fastcgi_keep_conn on;")},
	{name: "nginx, request_buffering off", unsized: true, start: nginxWith("fastcgi_request_buffering off;")},
	{name: "nginx, buffering off", start: nginxWith("fastcgi_buffering off;")},
	{name: "nginx, nothing buffered, keep_conn", keeps: true, unsized: true,
		start: nginxWith("fastcgi_request_buffering off; fastcgi_buffering off; fastcgi_keep_conn on;")},
	{name: "Apache", unsized: true, start: func(t *testing.T, r *relay, root string) string { return apache(t, root, apacheFiles(r.unix, "")) }},
	{name: "Apache, enablereuse", keeps: true, unsized: true, start: func(t *testing.T, r *relay, root string) string {
		return apache(t, root, apacheFiles(r.unix, "enablereuse=on max=8"))
	}},
	{name: "Apache, TCP", unsized: true, start: func(t *testing.T, r *relay, root string) string {
		return apache(t, root, fmt.Sprintf(`ProxyPassMatch "^/(.*\.php)$" "fcgi://%s%s/$1"`, r.tcp, root))
	}},
	{name: "Apache, generic", unsized: true, start: func(t *testing.T, r *relay, root string) string {
		return apache(t, root, "ProxyFCGIBackendType GENERIC\n"+apacheFiles(r.unix, ""))
	}},
	// Caddy 2.6 logs "aborting with incomplete response" and then ends it properly. It says that the length of a chunked body is -1, which is refused.
	{name: "Caddy", hides: true, refuses: true, start: caddy},
	{name: "HAProxy", keeps: true, refuses: true, start: haproxyWith("")},
	{name: "HAProxy, get-values", keeps: true, refuses: true, start: haproxyWith("option get-values")},
	{name: "HAProxy, no keep-conn", refuses: true, start: haproxyWith("no option keep-conn")},
	// lighttpd logs "response already sent out, but backend returned error", and sends what it has.
	{name: "lighttpd", buffers: true, hides: true, start: func(t *testing.T, r *relay, root string) string { return lighttpd(t, root, 0, lighttpdPHP(r.unix)) }},
	{name: "lighttpd, streaming", refuses: true, start: func(t *testing.T, r *relay, root string) string { return lighttpd(t, root, 2, lighttpdPHP(r.unix)) }},
}

// kill ends a process that a test started.
func kill(t *testing.T, pid int) {
	t.Helper()
	if pid <= 1 {
		t.Errorf("kill %d", pid)
		return
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Error(err)
	}
}
