package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"jpm/test/port"
)

// nginxConfig is Debian's nginx.conf without an access log, and with its files in the benchmark's directory. The read timeout is there because wrk
// does not notice a request that is never answered: this way it gets a 504 while the run still lasts.
const nginxConfig = `user www-data;
worker_processes auto;
daemon off;
pid %[1]s/nginx.pid;
error_log stderr;
events {
	worker_connections 768;
}
http {
	sendfile on;
	tcp_nopush on;
	types_hash_max_size 2048;
	include /etc/nginx/mime.types;
	default_type application/octet-stream;
	access_log off;
	gzip on;
	fastcgi_read_timeout 2s;
	uwsgi_read_timeout 2s;
	client_max_body_size 16m;
	client_body_temp_path %[1]s/nginx-body;
	fastcgi_temp_path %[1]s/nginx-fastcgi;
	proxy_temp_path %[1]s/nginx-proxy;
	scgi_temp_path %[1]s/nginx-scgi;
	uwsgi_temp_path %[1]s/nginx-uwsgi;
%[2]s}
`

// siteConfig is one site as Debian's example has it.
const siteConfig = `	upstream %[1]s {
		server unix:%[2]s;
%[3]s	}
	server {
		listen %[4]s;
		root %[5]s;
%[6]s		location ~ \.php$ {
%[7]s		}
	}
`

// What passes requests on: FastCGI with Debian's own snippet, and uwsgi with Debian's parameters, modifier 14 being PHP.
const (
	fastcgiPass = `			include /etc/nginx/snippets/fastcgi-php.conf;
			fastcgi_pass %s;
`
	fastcgiKeep = `			fastcgi_keep_conn on;
`
	uwsgiPass = `			try_files $fastcgi_script_name =404;
			include /etc/nginx/uwsgi_params;
			uwsgi_modifier1 14;
			uwsgi_pass %s;
`
)

// web is nginx with one site for each variant.
type web struct {
	*server
	addr map[Variant]string // where the variant's site listens
	held []func()           // give the ports back
}

// url is v's site, without a path.
func (w *web) url(v Variant) string { return "http://" + w.addr[v] }

// startNginx starts nginx in dir with a site on a free port of 127.0.0.1 for each of variants.
func startNginx(dir string, variants []Variant, servers map[Server]*server) (_ *web, err error) {
	w := &web{addr: map[Variant]string{}}
	defer func() {
		if err != nil {
			w.release()
		}
	}()
	var sites strings.Builder
	for i, v := range variants {
		if w.addr[v] != "" {
			continue
		}
		n, release, err := port.Hold()
		if err != nil {
			return nil, err
		}
		w.held = append(w.held, release)
		w.addr[v] = fmt.Sprintf("127.0.0.1:%d", n)
		sites.WriteString(siteFor(fmt.Sprintf("site%d", i), w.addr[v], v, servers[v.Server]))
	}
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, nginxConfig, dir, sites.String()), 0o644); err != nil {
		return nil, err
	}
	// The snippet includes it by a name that is relative to the configuration's directory.
	if err := os.Symlink("/etc/nginx/fastcgi.conf", filepath.Join(dir, "fastcgi.conf")); err != nil {
		return nil, err
	}
	s, err := startService(dir, "nginx", "nginx", "-e", "stderr", "-c", conf)
	if err != nil {
		return nil, err
	}
	w.server = &server{service: s, master: "nginx", rest: "nginx", worker: "nginx"}
	return w, nil
}

// stop ends nginx, and gives its ports back.
func (w *web) stop() error {
	defer w.release()
	return w.server.stop()
}

func (w *web) release() {
	for _, release := range w.held {
		release()
	}
}

// siteFor is v's site, by name, on addr.
func siteFor(name, addr string, v Variant, srv *server) string {
	var idle, pinned string
	pass := fmt.Sprintf(fastcgiPass, name)
	if srv.uwsgi {
		pass = fmt.Sprintf(uwsgiPass, name)
	}
	if v.Keep > 0 {
		idle = fmt.Sprintf("\t\tkeepalive %d;\n", v.Keep)
		pass += fastcgiKeep
	}
	if v.Pinned {
		idle += "\t\tkeepalive_timeout 100ms;\n"
		pinned = "\t\tkeepalive_requests 1000000000;\n"
	}
	return fmt.Sprintf(siteConfig, name, srv.socket, idle, addr, srv.site.root, pinned, pass)
}
