package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
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
	client_body_temp_path %[1]s/nginx-body;
	fastcgi_temp_path %[1]s/nginx-fastcgi;
	proxy_temp_path %[1]s/nginx-proxy;
	scgi_temp_path %[1]s/nginx-scgi;
	uwsgi_temp_path %[1]s/nginx-uwsgi;
%[2]s}
`

// siteConfig is one site as Debian's example has it: the location for PHP is its own snippet.
const siteConfig = `	upstream %[1]s {
		server unix:%[2]s;
%[3]s	}
	server {
		listen %[4]s;
		root %[5]s;
		location ~ \.php$ {
			include /etc/nginx/snippets/fastcgi-php.conf;
			fastcgi_pass %[1]s;
%[6]s		}
	}
`

// web is nginx with one site for each variant.
type web struct {
	*server
	url map[Variant]string // the variant's site, without a path
}

// startNginx starts nginx with a site on a free port of 127.0.0.1 for each of variants. The sites' files are in dir/www.
func startNginx(dir string, variants []Variant, servers map[string]*server) (*web, error) {
	var sites strings.Builder
	urls := map[Variant]string{}
	for i, v := range variants {
		addr, err := freeAddr()
		if err != nil {
			return nil, err
		}
		var idle, keep string
		if v.Keep > 0 {
			idle = fmt.Sprintf("\t\tkeepalive %d;\n", v.Keep)
			keep = "\t\t\tfastcgi_keep_conn on;\n"
		}
		fmt.Fprintf(&sites, siteConfig, fmt.Sprintf("site%d", i), servers[v.Server].socket, idle, addr, filepath.Join(dir, "www"), keep)
		urls[v] = "http://" + addr
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
	return &web{server: &server{service: s, master: "nginx", rest: "nginx", worker: "nginx"}, url: urls}, nil
}

// freeAddr is an address of 127.0.0.1 on which nothing listens.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
