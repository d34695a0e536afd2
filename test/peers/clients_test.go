//go:build integration

package peers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"jpm/fcgi"
)

// TestClients has each web server relay to php-cgi what browsers ask for.
func TestClients(t *testing.T) {
	for _, f := range fronts {
		t.Run(f.name, func(t *testing.T) {
			root, w := site(t), php(t, 2)
			r := serve(t, w)
			b := &browser{t: t, url: f.start(t, r, root)}
			t.Run("pages", func(t *testing.T) { pages(t, b.in(t), root) })
			t.Run("keep-alive", func(t *testing.T) { keepAlive(t, b.in(t), r, f.keeps) })
			t.Run("uploads", func(t *testing.T) { uploads(t, b.in(t)) })
			t.Run("chunked", func(t *testing.T) { chunked(t, b.in(t), f) })
			t.Run("big", func(t *testing.T) { big(t, b.in(t)) })
			t.Run("many", func(t *testing.T) { many(t, b.in(t)) })
			w.wantNoHarm(t)
			t.Run("aborts", func(t *testing.T) { aborts(t, b.in(t), r, w, f.buffers) })
			for _, script := range w.asked() {
				if !strings.HasPrefix(strings.TrimPrefix(script, "/"), root[1:]) {
					t.Errorf("asked for %q, which is not below %s", script, root)
				}
			}
		})
	}
}

// TestWorkerDies: no web server may take a part of an answer for the whole.
func TestWorkerDies(t *testing.T) {
	for _, f := range fronts {
		t.Run(f.name, func(t *testing.T) {
			root, w := site(t), php(t, 2)
			r := serve(t, w)
			b := &browser{t: t, url: f.start(t, r, root)}
			answered := make(chan answer, 1)
			go func() { answered <- b.get("/endless.php") }()
			kill(t, w.busy(t)) // an answer of 2 s has begun
			if a := <-answered; a.err == nil && a.status == 200 && !f.hides {
				t.Errorf("a browser takes %d bytes for the whole", len(a.body))
			}
			b.get("/hello.php?n=1").want(200, "hello 1") // by the other worker
		})
	}
}

// browser asks a web server.
type browser struct {
	t   *testing.T
	url string
}

// in is the browser in another test.
func (b *browser) in(t *testing.T) *browser { return &browser{t, b.url} }

// client has no connections that others use. It asks the web server to keep them: to a client that does not, lighttpd ends an answer by closing.
func (b *browser) client() *http.Client {
	return &http.Client{Timeout: 2 * patience, Transport: &http.Transport{DisableCompression: true}}
}

// answer is what came of a request.
type answer struct {
	t      *testing.T
	what   string
	status int
	header http.Header
	body   string
	err    error // the answer did not come, or broke off
}

func (b *browser) do(r *http.Request) answer {
	b.t.Helper()
	a := answer{t: b.t, what: r.Method + " " + r.URL.RequestURI()}
	c := b.client()
	defer c.CloseIdleConnections()
	resp, err := c.Do(r)
	if err != nil {
		a.err = err
		return a
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	a.status, a.header, a.body, a.err = resp.StatusCode, resp.Header, string(body), err
	return a
}

func (b *browser) send(method, path, body string) answer {
	b.t.Helper()
	r, err := http.NewRequest(method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(r)
}

func (b *browser) get(path string) answer {
	b.t.Helper()
	return b.send(http.MethodGet, path, "")
}

// want fails the test unless the answer has this status and this body.
func (a answer) want(status int, body string) {
	a.t.Helper()
	if a.err != nil || a.status != status || a.body != body {
		a.t.Errorf("%s = %d %q, error %v; want %d %q", a.what, a.status, clip(a.body), a.err, status, clip(body))
	}
}

func sum(s string) string { return fmt.Sprintf("%d %x", len(s), sha256.Sum256([]byte(s))) }

func pages(t *testing.T, b *browser, root string) {
	for i := range 10 {
		b.get(fmt.Sprintf("/hello.php?n=%d", i)).want(200, fmt.Sprintf("hello %d", i))
	}
	head := b.send(http.MethodHead, "/hello.php", "")
	head.want(200, "")
	if head.header.Get("X-Method") != "HEAD" {
		t.Errorf("HEAD: header %v", head.header)
	}
	if a := b.get("/missing.php"); a.err != nil || a.status != 404 {
		t.Errorf("a missing script is %d, error %v", a.status, a.err)
	}
	a := b.get("/status.php")
	a.want(418, "teapot")
	if got := strings.Join(a.header.Values("X-Two"), ", "); got != "a, b" {
		t.Errorf("header of two lines: %q", got)
	}
	if got := b.get("/script.php").body; strings.TrimLeft(got, "/") != root[1:]+"/script.php " {
		t.Errorf("the script sees %q", got)
	}
	b.send(http.MethodPost, "/early.php", strings.Repeat("x", 100_000)).want(200, "early")
}

// keepAlive counts the connections of requests that come one after the other.
func keepAlive(t *testing.T, b *browser, r *relay, keeps bool) {
	b.get("/hello.php").want(200, "hello ")
	before := r.proxy.Accepted()
	const n = 10
	for range n {
		b.get("/hello.php").want(200, "hello ")
	}
	switch made := r.proxy.Accepted() - before; {
	case keeps && made > 2:
		t.Errorf("%d connections for %d requests, want them kept", made, n)
	case !keeps && made != n:
		t.Errorf("%d connections for %d requests", made, n)
	}
}

func uploads(t *testing.T, b *browser) {
	for _, size := range []int{0, 1, 1000, 8 << 10, 16 << 10, 65535, 65536, 300_001, 3 << 20} {
		body := strings.Repeat("jpm", size/3+1)[:size]
		b.send(http.MethodPost, "/echo.php", body).want(200, sum(body))
		b.send(http.MethodPut, "/echo.php", body).want(200, sum(body))
	}
	body := strings.Repeat("0123456789abcdef", 1<<16)
	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	_ = m.WriteField("title", "a title")
	part, err := m.CreateFormFile("file", "large")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(part, body)
	_ = m.Close()
	r, err := http.NewRequest(http.MethodPost, b.url+"/form.php", &form)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", m.FormDataContentType())
	b.do(r).want(200, sum(body)+" a title")
}

// chunked sends bodies whose length is not known before.
func chunked(t *testing.T, b *browser, f front) {
	for _, size := range []int{1, 1000, 8 << 10, 65536, 300_001, 3 << 20} {
		body := strings.Repeat("jpm", size/3+1)[:size]
		for _, method := range []string{http.MethodPost, http.MethodPut} {
			r, err := http.NewRequest(method, b.url+"/echo.php", io.MultiReader(strings.NewReader(body)))
			if err != nil {
				t.Fatal(err)
			}
			a := b.do(r)
			switch refused := a.err != nil || a.status == http.StatusBadRequest || a.status == http.StatusLengthRequired; {
			case refused && (f.refuses || f.unsized && size > 70_000):
				t.Logf("%s of %d bytes in chunks is refused with %d", method, size, a.status)
			default:
				a.want(200, sum(body))
			}
		}
	}
}

func big(t *testing.T, b *browser) {
	const mib = 8
	b.get(fmt.Sprintf("/big.php?mib=%d", mib)).want(200, strings.Repeat("0123456789abcdef", mib<<16))
}

func many(t *testing.T, b *browser) {
	var running sync.WaitGroup
	for i := range 8 {
		running.Go(func() {
			for k := range 8 {
				b.get(fmt.Sprintf("/hello.php?n=%d-%d", i, k)).want(200, fmt.Sprintf("hello %d-%d", i, k))
			}
		})
	}
	running.Wait()
}

// aborts has browsers leave in the middle of an answer and before it: the relay is told, and the workers serve on.
func aborts(t *testing.T, b *browser, r *relay, w *workers, buffers bool) {
	for _, path := range []string{"/endless.php", "/silent.php"} {
		ctx, cancel := context.WithCancel(context.Background())
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		began := len(w.outcomes())
		var leaving sync.WaitGroup
		if path == "/silent.php" || buffers {
			before := w.requests()
			leaving.Go(func() {
				for end := time.Now().Add(patience); w.requests() == before && time.Now().Before(end); {
					time.Sleep(time.Millisecond)
				}
				cancel()
			})
		}
		c := b.client()
		if resp, err := c.Do(req); err == nil {
			_, _ = io.ReadFull(resp.Body, make([]byte, 1<<16))
			cancel()
			_ = resp.Body.Close()
		}
		cancel()
		leaving.Wait()
		c.CloseIdleConnections()
		if res := r.accounted(t, path); path == "/endless.php" && !res.ClientGone && !buffers {
			t.Errorf("%s: %+v, want the client gone", path, res)
		}
		eventually(t, "the worker is given back", func() bool { return len(w.outcomes()) > began })
		if got := w.outcomes()[began:]; !slices.Contains([]fcgi.Outcome{fcgi.Reconnect, fcgi.Reuse}, got[0]) {
			t.Errorf("%s: the worker was found %v", path, got)
		}
		many(t, b)
	}
}
