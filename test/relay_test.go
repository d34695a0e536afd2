//go:build integration

package test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"
)

// The ways nginx can be set up that change what jpm sees.
var fronts = []struct{ name, options string }{
	{"keep-conn on", "fastcgi_keep_conn on;"},
	{"keep-conn off", "fastcgi_keep_conn off;"},
	{"unbuffered", "fastcgi_keep_conn on; fastcgi_request_buffering off; fastcgi_buffering off;"},
}

func TestPages(t *testing.T) {
	j := startJPM(t, site{})
	for _, front := range fronts {
		t.Run(front.name, func(t *testing.T) {
			n := j.front(front.options)
			for i := range 20 {
				n.get(fmt.Sprintf("/index.php?%d", i)).want(t, 200, fmt.Sprintf("hello %d", i))
			}
			n.send(http.MethodPost, "/body.php", "a body").want(t, 200, sum("a body"))
			if a := n.send(http.MethodHead, "/index.php", ""); a.err != nil || a.status != 200 || a.body != "" {
				t.Errorf("HEAD: got %+v", a)
			}
		})
	}
	for _, entry := range j.log.lines(0, line{"msg": "request"}) {
		if !entry.has(line{"status": 403}) { // startNginx asks for what is refused
			t.Errorf("a request that went well is in the log: %v", entry)
		}
	}
}

// sum is what body.php and upload.php say of a body.
func sum(body string) string {
	return fmt.Sprintf("%d %x", len(body), sha256.Sum256([]byte(body)))
}

func TestMissingFile(t *testing.T) {
	j := startJPM(t, site{})
	n := j.front("")
	n.get("/missing.php").want(t, 404, "No input file specified")
	if served := j.pool().Requests.Served; served != 1 {
		t.Errorf("%d requests served by workers, want 1: the answer is php-cgi's", served)
	}
}

func TestLargeBodies(t *testing.T) {
	const size = 100 << 20
	j := startJPM(t, site{
		workers: "max = 2",
		limits:  `tmp = "256M"`, // php-cgi puts a body there
		php:     `ini = { "post_max_size" = "200M", "upload_max_filesize" = "200M", "upload_tmp_dir" = "/tmp" }`,
	})
	body := strings.Repeat("0123456789abcdef", size/16)
	hash := sha256.New()
	for i := range size >> 20 {
		hash.Write(bytes.Repeat([]byte{byte(i)}, 1<<20))
	}
	download := fmt.Sprintf("%x", hash.Sum(nil))
	for _, front := range fronts {
		t.Run(front.name, func(t *testing.T) {
			n := j.front(front.options)
			before := memory(t, j.proxy)
			n.send(http.MethodPut, "/body.php", body).want(t, 200, sum(body))

			var form bytes.Buffer
			w := multipart.NewWriter(&form)
			part, err := w.CreateFormFile("file", "large")
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(part, body)
			w.Close()
			r, err := http.NewRequest(http.MethodPost, n.url+"/upload.php", &form)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", w.FormDataContentType())
			do(r).want(t, 200, sum(body))

			a := n.get(fmt.Sprintf("/download.php?mib=%d", size>>20))
			if got := fmt.Sprintf("%x", sha256.Sum256([]byte(a.body))); a.err != nil || len(a.body) != size || got != download {
				t.Errorf("download: %d bytes, hash %s, error %v; want %d bytes, hash %s", len(a.body), got, a.err, size, download)
			}
			if after := memory(t, j.proxy); after > before+(32<<20) {
				t.Errorf("the proxy's memory grew from %d to %d bytes: bodies must not be held", before, after)
			}
		})
	}
}

// TestLimits: what is over request.max_body or request.max_params gets a real answer, and no worker.
func TestLimits(t *testing.T) {
	j := startJPM(t, site{request: "max_body = \"1M\"\nmax_params = \"32K\""})
	n := j.front("")
	n.send(http.MethodPost, "/body.php", strings.Repeat("x", 1<<20)).want(t, 200, "1048576")
	n.send(http.MethodPost, "/body.php", strings.Repeat("x", 1<<20+1)).want(t, 413, "")
	a := j.exchange(simple(1, false, append(j.scriptParams("index.php"), "BIG0", strings.Repeat("x", 40<<10))...))
	if !strings.HasPrefix(a.stdout, "Status: 431") {
		t.Errorf("parameters over the limit got %q, want 431", clip(a.stdout))
	}
	if served := j.pool().Requests.Served; served != 1 {
		t.Errorf("%d requests served by workers, want 1", served)
	}
}

// TestManyParams: php-cgi takes neither a pair that is split over two records nor one record of 65535 bytes with padding.
func TestManyParams(t *testing.T) {
	j := startJPM(t, site{})
	var params, want []string
	for i, size := range []int{0, 1, 127, 128, 40000, 60000, 65000} {
		value := strings.Repeat("v", max(0, size-8)) + fmt.Sprintf("%08d", i)[max(0, 8-size):]
		params = append(params, fmt.Sprintf("BIG%d", i), value)
		want = append(want, fmt.Sprintf("%d:%s", len(value), value[max(0, len(value)-8):]))
	}
	encoded := pairs(append(j.scriptParams("params.php"), params...)...)
	for _, size := range []int{1, 7, 1000, 32768, 65528, 65535} {
		request := begin(1, 1, false) + stream(paramsRecord, 1, encoded, size) + record(stdinRecord, 1, "")
		if a := j.exchange(request); !strings.Contains(a.stdout, strings.Join(want, " ")) {
			t.Errorf("in records of %d bytes: got %q, want %q", size, clip(a.stdout), want)
		}
	}
}

func TestStderrIsLogged(t *testing.T) {
	j := startJPM(t, site{})
	n := j.front("")
	mark := j.log.mark()
	n.get("/stderr.php").want(t, 200, "fine")
	entry := j.log.wait(t, mark, line{"msg": "worker output", "pool": "site", "script": "/stderr.php", "text": "this is the complaint"})
	if _, ok := entry["worker"]; !ok {
		t.Errorf("no worker in %v", entry)
	}
	if strings.Contains(n.log.String(), "complaint") {
		t.Error("the message went to nginx too")
	}
}

// TestClientGone: a script is told that its client left, and the worker serves on.
func TestClientGone(t *testing.T) {
	j := startJPM(t, site{workers: "max = 1"})
	for _, front := range fronts {
		t.Run(front.name, func(t *testing.T) {
			n := j.front(front.options)
			ctx, cancel := context.WithCancel(context.Background())
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, n.url+"/alive.php", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			io.ReadFull(resp.Body, make([]byte, 1<<16))
			cancel()
			resp.Body.Close()
			n.get("/left.php").want(t, 200, "the client left") // there is one worker, so this comes after
		})
	}
	if total := len(j.log.lines(0, line{"msg": "worker", "to": "down"})); total > 0 {
		t.Errorf("%d workers ended; they had done no wrong", total)
	}
}

// TestStreaming: what a worker flushes reaches the client while the script runs on.
func TestStreaming(t *testing.T) {
	j := startJPM(t, site{workers: "max = 1"})
	n := j.front("fastcgi_buffering off;")
	r, err := http.NewRequest(http.MethodGet, n.url+"/partial.php", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got := make(chan error, 1)
	go func() {
		_, err := io.ReadFull(resp.Body, make([]byte, 1<<17))
		got <- err
	}()
	select {
	case err := <-got:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Error("the first half waits for the end of the script")
	}
	kill(t, j.busy(1)[0].Pid) // it would sleep for a minute
}
