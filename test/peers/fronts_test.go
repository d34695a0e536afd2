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
	start   func(t *testing.T, r *relay, root string) (url string)
}

var fronts = []front{
	{"Apache", false, false, false, func(t *testing.T, r *relay, root string) string { return apache(t, root, apacheFiles(r.unix, "")) }},
	{"Apache, enablereuse", true, false, false, func(t *testing.T, r *relay, root string) string {
		return apache(t, root, apacheFiles(r.unix, "enablereuse=on max=8"))
	}},
	{"Apache, TCP", false, false, false, func(t *testing.T, r *relay, root string) string {
		return apache(t, root, fmt.Sprintf(`ProxyPassMatch "^/(.*\.php)$" "fcgi://%s%s/$1"`, r.tcp, root))
	}},
	{"Apache, generic", false, false, false, func(t *testing.T, r *relay, root string) string {
		return apache(t, root, "ProxyFCGIBackendType GENERIC\n"+apacheFiles(r.unix, ""))
	}},
	// Caddy 2.6 logs "aborting with incomplete response" and then ends it properly.
	{"Caddy", false, false, true, caddy},
	{"HAProxy", true, false, false, func(t *testing.T, r *relay, root string) string { return haproxy(t, r, root, "") }},
	{"HAProxy, get-values", true, false, false, func(t *testing.T, r *relay, root string) string { return haproxy(t, r, root, "option get-values") }},
	{"HAProxy, no keep-conn", false, false, false, func(t *testing.T, r *relay, root string) string { return haproxy(t, r, root, "no option keep-conn") }},
	// lighttpd logs "response already sent out, but backend returned error", and sends what it has.
	{"lighttpd", false, true, true, func(t *testing.T, r *relay, root string) string { return lighttpd(t, r, root, 0) }},
	{"lighttpd, streaming", false, false, false, func(t *testing.T, r *relay, root string) string { return lighttpd(t, r, root, 2) }},
}

const apacheModules = "/usr/lib/apache2/modules"

// apache starts one process of it with these directives, and the defaults but for the names of files.
func apache(t *testing.T, root, directives string) string {
	t.Helper()
	need(t, "apache2")
	dir, addr := openDir(t), freeAddr(t)
	conf := write(t, dir, "apache.conf", fmt.Sprintf(`
ServerRoot %[1]s
DefaultRuntimeDir %[1]s
PidFile %[1]s/pid
ErrorLog /dev/stderr
LogLevel warn
LoadModule mpm_event_module %[5]s/mod_mpm_event.so
LoadModule authz_core_module %[5]s/mod_authz_core.so
LoadModule proxy_module %[5]s/mod_proxy.so
LoadModule proxy_fcgi_module %[5]s/mod_proxy_fcgi.so
User www-data
Group www-data
ServerLimit 1
StartServers 1
ThreadsPerChild 16
MaxRequestWorkers 16
KeepAliveTimeout 1
Listen %[2]s
ServerName site.test
DocumentRoot %[3]s
<Directory %[3]s>
	Require all granted
	AcceptPathInfo on
</Directory>
%[4]s
`, dir, addr, root, directives, apacheModules))
	start(t, nil, nil, "apache2", "-X", "-f", conf)
	waitListening(t, "tcp", addr)
	return "http://" + addr
}

// apacheFiles hands PHP files to a socket, the way Apache's documentation recommends. options are those of the worker's <Proxy> block.
func apacheFiles(socket, options string) string {
	address := "unix:" + socket + "|fcgi://app"
	directives := fmt.Sprintf("<FilesMatch \"\\.php$\">\n\tSetHandler \"proxy:%s\"\n</FilesMatch>\n", address)
	if options != "" {
		directives += fmt.Sprintf("<Proxy \"fcgi://app\" %s>\n</Proxy>\n", options)
	}
	return directives
}

func caddy(t *testing.T, r *relay, root string) string {
	t.Helper()
	need(t, "caddy")
	dir, addr := openDir(t), freeAddr(t)
	conf := write(t, dir, "Caddyfile", fmt.Sprintf(`{
	admin off
	auto_https off
}
http://127.0.0.1:%[1]s {
	bind 127.0.0.1
	root * %[2]s
	@php path_regexp \.php(/|$)
	reverse_proxy @php unix/%[3]s {
		transport fastcgi {
			root %[2]s
			split .php
		}
	}
}
`, port(addr), root, r.unix))
	start(t, nil, []string{"HOME=" + dir, "XDG_DATA_HOME=" + dir, "XDG_CONFIG_HOME=" + dir}, "caddy", "run", "--config", conf, "--adapter", "caddyfile")
	waitListening(t, "tcp", addr)
	return "http://" + addr
}

// haproxy starts one with options of its fcgi-app.
func haproxy(t *testing.T, r *relay, root, options string) string {
	t.Helper()
	need(t, "haproxy")
	dir, addr := openDir(t), freeAddr(t)
	conf := write(t, dir, "haproxy.cfg", fmt.Sprintf(`
global
	maxconn 200
	log stderr format raw local0 warning
defaults
	mode http
	log global
	timeout connect 5s
	timeout client 30s
	timeout server 30s
frontend web
	bind %s
	default_backend php
backend php
	http-reuse always
	use-fcgi-app php
	server php unix@%s proto fcgi
fcgi-app php
	docroot %s
	index index.php
	path-info ^(/.+\.php)(/.*)?$
	%s
`, addr, r.unix, root, options))
	start(t, nil, nil, "haproxy", "-db", "-f", conf)
	waitListening(t, "tcp", addr)
	return "http://" + addr
}

// lighttpd starts one that buffers bodies (stream 0) or passes them on as they come (2).
func lighttpd(t *testing.T, r *relay, root string, stream int) string {
	t.Helper()
	need(t, "lighttpd")
	dir, addr := openDir(t), freeAddr(t)
	conf := write(t, dir, "lighttpd.conf", fmt.Sprintf(`
server.document-root = "%[3]s"
server.bind = "127.0.0.1"
server.port = %[2]s
server.modules = ( "mod_fastcgi" )
server.upload-dirs = ( "%[1]s" )
server.errorlog = "/dev/stderr"
server.stream-request-body = %[5]d
server.stream-response-body = %[5]d
fastcgi.server = ( ".php" => (( "socket" => "%[4]s", "check-local" => "disable" )) )
`, dir, port(addr), root, r.unix, stream))
	start(t, nil, nil, "lighttpd", "-D", "-f", conf)
	waitListening(t, "tcp", addr)
	return "http://" + addr
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
