//go:build integration

package peers

import (
	"fmt"
	"strings"
	"testing"
)

// nginxWith starts one process of it with options of its location for PHP.
func nginxWith(options string) func(*testing.T, *relay, string) string {
	return func(t *testing.T, r *relay, root string) string {
		t.Helper()
		return nginx(t, r.unix, root, options)
	}
}

func nginx(t *testing.T, socket, root, options string) string {
	t.Helper()
	need(t, "nginx", "/etc/nginx/fastcgi.conf")
	dir, addr, keepalive := openDir(t), freeAddr(t), ""
	if strings.Contains(options, "fastcgi_keep_conn on") {
		keepalive = "keepalive 8;" // without keep_conn, nginx would keep connections that the other side closes
	}
	conf := write(t, dir, "nginx.conf", fmt.Sprintf(`
daemon off;
master_process off;
pid %[1]s/pid;
error_log stderr warn;
events { worker_connections 512; }
http {
	access_log off;
	client_max_body_size 64m;
	client_body_temp_path %[1]s/body;
	fastcgi_temp_path %[1]s/fastcgi;
	proxy_temp_path %[1]s/proxy;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	upstream php { server unix:%[2]s; %[6]s }
	server {
		listen %[3]s;
		root %[4]s;
		location ~ [.]php$ {
			include /etc/nginx/fastcgi.conf;
			fastcgi_pass php;
			%[5]s
		}
	}
}
`, dir, socket, addr, root, options, keepalive))
	start(t, nil, nil, "nginx", "-c", conf, "-e", "stderr")
	waitListening(t, "tcp", addr)
	return "http://" + addr
}
