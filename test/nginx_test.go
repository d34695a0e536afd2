//go:build integration

package test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// nginx is a running nginx in front of one socket.
type nginx struct {
	t   *testing.T
	url string
	log *logBuffer // its error log
}

const nginxConf = `
user www-data;
daemon off;
pid %[1]s/nginx.pid;
error_log stderr info;
worker_processes 2;
events { worker_connections 1024; }
http {
    access_log off;
    include /etc/nginx/mime.types;
    client_max_body_size 0;
    client_body_temp_path %[1]s/body;
    fastcgi_temp_path %[1]s/fastcgi;
    proxy_temp_path %[1]s/proxy;
    scgi_temp_path %[1]s/scgi;
    uwsgi_temp_path %[1]s/uwsgi;
    keepalive_requests 1000000;
    upstream site {
        server unix:%[2]s;
        keepalive 32;
    }
    server {
        listen 127.0.0.1:%[3]d;
        server_name site.test;
        root %[4]s;
        %[5]s
    }
}
`

// nginxLocation sends everything to the pool.
const nginxLocation = `
        location / {
            include /etc/nginx/fastcgi_params;
            fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
            fastcgi_pass site;
            fastcgi_read_timeout 30s;
            %s
        }
`

// startNginx puts nginx in front of a socket. options are further directives of its location, such as fastcgi_keep_conn.
func startNginx(t *testing.T, socket, root, options string) *nginx {
	t.Helper()
	return startNginxWith(t, socket, root, fmt.Sprintf(nginxLocation, options))
}

// startNginxWith puts nginx in front of a socket, which its locations name as "site".
func startNginxWith(t *testing.T, socket, root, locations string) *nginx {
	t.Helper()
	dir := tempDir(t)
	port := freePort(t)
	n := &nginx{t: t, url: fmt.Sprintf("http://127.0.0.1:%d", port), log: &logBuffer{}}
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, nginxConf, dir, socket, port, root, locations), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("nginx", "-p", dir, "-c", conf, "-e", "stderr")
	cmd.Stdout, cmd.Stderr = n.log, n.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		overdue := time.AfterFunc(patience, func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
		cmd.Wait()
		overdue.Stop()
		if t.Failed() {
			t.Logf("nginx's log:\n%s", n.log)
		}
	})
	eventually(t, "nginx listens", func() bool {
		c, err := net.DialTimeout("tcp", strings.TrimPrefix(n.url, "http://"), time.Second) // a request could cost a worker
		if err != nil {
			return false
		}
		c.Close()
		return true
	})
	return n
}

// front is nginx in front of the site of a jpm whose pool has the default name and root.
func (j *jpm) front(options string) *nginx {
	j.t.Helper()
	return startNginx(j.t, j.socket("site"), filepath.Join(j.dir, "site"), options)
}

// client is an HTTP client without connections to others' requests.
func client() *http.Client {
	return &http.Client{Timeout: 60 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
}

// answer is what came of a request.
type answer struct {
	status int
	header http.Header
	body   string
	err    error // the answer did not come, or broke off
}

// do sends a request and reads all of the answer.
func do(r *http.Request) answer {
	resp, err := client().Do(r)
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return answer{status: resp.StatusCode, header: resp.Header, body: string(b), err: err}
}

// get asks nginx for a path.
func (n *nginx) get(path string) answer { return n.send(http.MethodGet, path, "") }

func (n *nginx) send(method, path, body string) answer {
	n.t.Helper()
	r, err := http.NewRequest(method, n.url+path, strings.NewReader(body))
	if err != nil {
		n.t.Fatal(err)
	}
	return do(r)
}

// start sends a GET whose answer comes later.
func (n *nginx) start(path string) <-chan answer {
	ch := make(chan answer, 1)
	go func() { ch <- n.get(path) }()
	return ch
}

// want fails the test unless the answer has this status and its body this text.
func (a answer) want(t *testing.T, status int, text string) {
	t.Helper()
	if a.err != nil || a.status != status || !strings.Contains(a.body, text) {
		t.Errorf("got %d %q, error %v; want %d with %q", a.status, clip(a.body), a.err, status, text)
	}
}

func clip(s string) string {
	if len(s) > 300 {
		return s[:300] + "…"
	}
	return s
}
