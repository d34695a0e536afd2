package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"jpm/config"
)

func TestParseAllocs(t *testing.T) {
	const out = `goos: linux
pkg: jpm/fcgi
BenchmarkRelay/small-2         	   20000	     18044 ns/op	       7 B/op	       3 allocs/op
BenchmarkRelay/smaller-2       	   20000	     18044 ns/op	       7 B/op	       4 allocs/op
PASS
`
	if got, err := parseAllocs(out, "BenchmarkRelay/small"); err != nil || got != 3 {
		t.Errorf("parseAllocs = %v, %v, want 3", got, err)
	}
	one := strings.ReplaceAll(out, "-2 ", " ") // with one CPU
	if got, err := parseAllocs(one, "BenchmarkRelay/small"); err != nil || got != 3 {
		t.Errorf("parseAllocs = %v, %v, want 3", got, err)
	}
	for _, bad := range []string{"", "PASS\n", strings.ReplaceAll(out, "allocs/op", "MB/s"), strings.ReplaceAll(out, "3 allocs", "x allocs")} {
		if got, err := parseAllocs(bad, "BenchmarkRelay/small"); err == nil {
			t.Errorf("parseAllocs(%q) = %v, want an error", bad, got)
		}
	}
}

// TestFCGIClient: the answer's stdout is put together, in whatever records it comes, padded or not.
func TestFCGIClient(t *testing.T) {
	padded := []byte{1, fcgiStdout, 0, 1, 0, 3, 5, 0, 'l', 'l', 'o', 0, 0, 0, 0, 0}
	end := fcgiRecord(nil, fcgiEnd, make([]byte, 8))
	whole := bytes.Join([][]byte{fcgiRecord(nil, fcgiStdout, []byte("he")), fcgiRecord(nil, fcgiStderr, nil), padded, fcgiRecord(nil, fcgiStdout, nil), end}, nil)
	conn := &struct {
		io.Reader
		io.Writer
	}{bytes.NewReader(append(whole, whole...)), io.Discard}
	c := newFCGIClient(conn)
	for range 2 {
		if got, err := c.ask(fcgiRequest("/x.php")); err != nil || string(got) != "hello" {
			t.Errorf("ask = %q, %v, want hello", got, err)
		}
	}
	if got, err := c.ask(fcgiRequest("/x.php")); err == nil {
		t.Errorf("ask of a server that is gone = %q", got)
	}
	for name, answer := range map[string][]byte{
		"stderr":      append(fcgiRecord(nil, fcgiStderr, []byte("PHP Warning")), end...),
		"status":      fcgiRecord(nil, fcgiEnd, []byte{0, 0, 0, 1, 0, 0, 0, 0}),
		"overloaded":  fcgiRecord(nil, fcgiEnd, []byte{0, 0, 0, 0, 2, 0, 0, 0}),
		"a stranger":  fcgiRecord(nil, 99, nil),
		"half record": whole[:5],
		"no end":      padded,
	} {
		conn.Reader = bytes.NewReader(answer)
		if got, err := newFCGIClient(conn).ask(nil); err == nil {
			t.Errorf("%s: ask = %q, want an error", name, got)
		}
	}
}

// TestUploadScript: wrk's body and the one that sides are compared with are the same but for the length.
func TestUploadScript(t *testing.T) {
	body, kind := form(1000)
	if !strings.Contains(string(body), "\r\n\r\n"+strings.Repeat("x", 1000)+"\r\n--") || !strings.HasPrefix(kind, "multipart/form-data; boundary=") {
		t.Errorf("form = %q, %q", body, kind)
	}
	const want = `wrk.method = "POST"
wrk.headers["Content-Type"] = "multipart/form-data; boundary=jpmbenchboundary"
wrk.body = "--jpmbenchboundary\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file.bin\"\r\nContent-Type: application/octet-stream\r\n\r\n" .. string.rep("x", 1000) .. "\r\n--jpmbenchboundary--\r\n"
`
	if got := uploadScript(1000); got != want {
		t.Errorf("uploadScript:\n%s\nwant\n%s", got, want)
	}
}

// TestJPMConfig: jpm takes what each site gets, and the lines of a row that varies its proxy are in the proxy block.
func TestJPMConfig(t *testing.T) {
	st := site{root: "/srv/jpm-bench/www", ini: map[string]string{"post_max_size": "16M", "a.b": `"`}, read: []string{"/etc/x"}, write: []string{"/srv/jpm-bench/data"}}
	text := jpmConfigFor("/srv/jpm-bench/jpm.sock", php{cgi: "/usr/bin/php-cgi8.2"}, st, "a = 1\nb = 2\n")
	for _, want := range []string{
		"proxy {\n  user = \"1900000010\"\n  a = 1\n  b = 2\n}\n",
		"      \"a.b\" = \"\\\"\"\n      \"post_max_size\" = \"16M\"\n",
		`read  = ["/srv/jpm-bench/www", "/etc/x"]`,
		`write = ["/srv/jpm-bench/data"]`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the configuration lacks %q:\n%s", want, text)
		}
	}
	st.ini["a.b"] = "1"
	file := filepath.Join(t.TempDir(), "jpm.hcl")
	// Not every machine that runs this has the account.
	text = strings.ReplaceAll(jpmConfigFor("/srv/jpm-bench/jpm.sock", php{cgi: "/usr/bin/php-cgi8.2"}, st, ""), "www-data", "33")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Pools) != 1 || c.Pools[0].Workers.Max != workers || c.Pools[0].UID != siteUID || c.Proxy.UID != proxyUID || c.Pools[0].PHP.INI["post_max_size"] != "16M" {
		t.Errorf("jpm reads %+v", c)
	}
}

func TestSiteFor(t *testing.T) {
	fast := &server{socket: "/x.sock", site: site{root: "/www"}}
	other := &server{socket: "/x.sock", site: site{root: "/www"}, uwsgi: true}
	const keep, keepalive, pinned = "fastcgi_keep_conn on;", "keepalive 4;", "keepalive_timeout 100ms;"
	tests := []struct {
		name       string
		v          Variant
		srv        *server
		have, lack []string
	}{
		{"as shipped", fpm, fast, []string{"server unix:/x.sock;", "root /www;", "fastcgi_pass s;", "listen 127.0.0.1:1;"}, []string{keep, "keepalive"}},
		{"kept", jpm.keep(4), fast, []string{keep, keepalive}, []string{pinned}},
		{"pinned", fpm.keep(4).pinned(), fast, []string{keep, keepalive, pinned, "keepalive_requests 1000000000;"}, nil},
		{"uwsgi", uwsgi, other, []string{"uwsgi_pass s;", "uwsgi_modifier1 14;"}, []string{"fastcgi_pass", keep}},
	}
	for _, tt := range tests {
		got := siteFor("s", "127.0.0.1:1", tt.v, tt.srv)
		for _, want := range tt.have {
			if !strings.Contains(got, want) {
				t.Errorf("%s lacks %q:\n%s", tt.name, want, got)
			}
		}
		for _, bad := range tt.lack {
			if strings.Contains(got, bad) {
				t.Errorf("%s has %q:\n%s", tt.name, bad, got)
			}
		}
	}
}
