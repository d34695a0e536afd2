//go:build integration

package peers

import (
	"fmt"
	"testing"
)

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
`, portOf(addr), root, r.unix))
	start(t, nil, []string{"HOME=" + dir, "XDG_DATA_HOME=" + dir, "XDG_CONFIG_HOME=" + dir}, "caddy", "run", "--config", conf, "--adapter", "caddyfile")
	waitListening(t, "tcp", addr)
	return "http://" + addr
}

// haproxyWith starts one with options of its fcgi-app.
func haproxyWith(options string) func(*testing.T, *relay, string) string {
	return func(t *testing.T, r *relay, root string) string {
		t.Helper()
		return haproxy(t, r.unix, root, options)
	}
}

func haproxy(t *testing.T, socket, root, options string) string {
	t.Helper()
	need(t, "haproxy")
	dir, addr := openDir(t), freeAddr(t)
	conf := write(t, dir, "haproxy.cfg", fmt.Sprintf(`
global
	maxconn 200
	log stderr format raw local0 warning
defaults
	mode http
	option abortonclose
	log global
	timeout connect 60s
	timeout client 60s
	timeout server 60s
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
`, addr, socket, root, options))
	start(t, nil, nil, "haproxy", "-db", "-f", conf)
	waitListening(t, "tcp", addr)
	return "http://" + addr
}

// lighttpd starts one that buffers bodies (stream 0) or passes them on as they come (2).
func lighttpd(t *testing.T, root string, stream int, directives string) string {
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
%[4]s
`, dir, portOf(addr), root, directives, stream))
	start(t, nil, nil, "lighttpd", "-D", "-f", conf)
	waitListening(t, "tcp", addr)
	return "http://" + addr
}

// lighttpdPHP hands PHP files to a socket.
func lighttpdPHP(socket string) string {
	return fmt.Sprintf(`fastcgi.server = ( ".php" => (( "socket" => "%s", "check-local" => "disable" )) )`, socket)
}
