package status_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/html"

	"jpm/pool"
	"jpm/status"
)

func TestMethodsAndPaths(t *testing.T) {
	tests := []struct {
		method, target string
		code           int
	}{
		{"GET", "/", 200}, {"HEAD", "/", 200}, {"POST", "/", 405},
		{"GET", "/status.json", 200}, {"HEAD", "/status.json", 200}, {"DELETE", "/status.json", 405},
		{"GET", "/metrics", 200}, {"HEAD", "/metrics", 200}, {"PUT", "/metrics", 405},
		{"GET", "/index.html", 404}, {"GET", "/status.json/", 404}, {"GET", "/../etc/passwd", 404}, {"OPTIONS", "/", 405},
	}
	h := status.Handler(sample)
	for _, test := range tests {
		w := get(t, h, test.method, test.target)
		if w.Code != test.code {
			t.Errorf("%s %s = %d, want %d", test.method, test.target, w.Code, test.code)
		}
		if test.code == 405 && w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s %s: Allow = %q, want GET, HEAD", test.method, test.target, w.Header().Get("Allow"))
		}
		if got := w.Header().Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s %s: Cache-Control = %q, want no-store", test.method, test.target, got)
		}
	}
}

func TestHeadHasNoBody(t *testing.T) {
	server := httptest.NewServer(status.Handler(sample))
	defer server.Close()
	defer server.Client().CloseIdleConnections()
	for _, path := range []string{"/", "/status.json", "/metrics"} {
		r, err := server.Client().Head(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil || len(body) != 0 || r.StatusCode != 200 {
			t.Errorf("HEAD %s = %d, %d bytes, %v, want 200 without a body", path, r.StatusCode, len(body), err)
		}
	}
}

// TestPageIsInert puts hostile text wherever a snapshot has text and looks at the page as a browser would.
func TestPageIsInert(t *testing.T) {
	hostile := []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `</td></table><iframe src="//evil">`,
		`'-alert(1)-'`, `{{.}}`, "\x00\x1b[31m\xff", `<!--`, `]]>`, strings.Repeat(`<b onclick=x>`, 1000), `javascript:alert(1)`,
	}
	clean := render(t, sample())
	for _, text := range hostile {
		s := sample()
		s.Program = text
		s.Pools[0].Name = text
		s.Pools[0].Mode = text
		s.Pools[0].Listen = []string{text, text}
		s.Jails = map[string][]status.Layer{text: {
			{Layer: text, Setting: text, State: "enforced", Why: text},
			{Layer: text, Setting: text, State: "off", Why: text},
			{Layer: text, Setting: text, State: text, Why: text},
		}}
		last := s.Incidents["shop"].Last
		s.Incidents = map[string]status.Incidents{text: {Last: []status.Incident{
			{Time: last[0].Time, Worker: last[0].Worker, Pid: 1, Layer: status.Fence(text), Action: status.Action(text), Syscall: text, Arguments: text, Errno: text,
				Request: &status.Request{Method: text, URI: text, Script: text, Client: text}},
			{Time: last[1].Time, Layer: status.Fence(text), Action: status.Action(text), Detail: text},
		}}}
		page := render(t, s)
		if got, want := skeleton(t, page), skeleton(t, clean); got != want {
			t.Errorf("%.40q changed the page's structure:\n%s\nwant\n%s", text, got, want)
		}
	}
	for _, outside := range []string{"http:", "https:", "//", "<script", "@import", "url("} {
		if strings.Contains(clean, outside) {
			t.Errorf("page contains %q: it must be whole by itself", outside)
		}
	}
	if !strings.Contains(clean, "color-scheme: light dark") {
		t.Error("page does not follow the dark mode")
	}
}

// Of many incidents the newest are open, and all are there with their requests.
func TestPageListsIncidents(t *testing.T) {
	s := sample()
	in := s.Incidents["shop"]
	for i := range 12 {
		in.Last = append(in.Last, status.Incident{Time: start, Layer: status.Rlimit, Action: status.Killed, Limit: "file_size", Request: &status.Request{URI: fmt.Sprintf("/page%d", i)}})
	}
	s.Incidents["shop"] = in
	page := render(t, s)
	open, older, _ := strings.Cut(page, "<details>")
	for _, c := range []struct{ part, want string }{
		{open, "<strong>seccomp denied</strong> <code>kill(pid=1 sig=SIGKILL) = EPERM</code>"},
		{open, "<code>GET /x?y</code> from 192.0.2.7"},
		{open, "worker 0, pid 4711, script /srv/shop/x"},
		{open, "<strong>scripts refused</strong>: why (24 times)"},
		{open, "No request is known"},
		{open, "<strong>rlimit killed</strong> by the limit of file_size"},
		{open, "/page7<"},
		{older, "<summary>4 more</summary>"},
		{older, "/page11<"},
	} {
		if !strings.Contains(c.part, c.want) {
			t.Errorf("%q is not where it should be:\n%s", c.want, page)
		}
	}
	if strings.Contains(open, "/page8<") {
		t.Error("an eleventh incident is open")
	}
}

func render(t *testing.T, s status.Snapshot) string {
	t.Helper()
	w := get(t, status.Handler(func() status.Snapshot { return s }), http.MethodGet, "/")
	if w.Code != http.StatusOK {
		t.Fatalf("GET / = %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// skeleton is the page's elements and attributes without its text.
func skeleton(t *testing.T, page string) string {
	t.Helper()
	var out strings.Builder
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			if z.Err() != io.EOF {
				t.Fatal(z.Err())
			}
			return out.String()
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			token := z.Token()
			out.WriteString(token.String() + "\n")
		case html.CommentToken:
			out.WriteString("comment\n")
		}
	}
}

func TestTooManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		h := status.Handler(func() status.Snapshot {
			<-release
			return status.Snapshot{Pools: []pool.Snapshot{}}
		})
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if w := get(t, h, http.MethodGet, "/status.json"); w.Code != http.StatusOK {
					t.Errorf("GET /status.json = %d, want 200", w.Code)
				}
			})
		}
		synctest.Wait()
		w := get(t, h, http.MethodGet, "/status.json")
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
			t.Errorf("GET /status.json beside 8 others = %d, Retry-After %q, want 503 and a time", w.Code, w.Header().Get("Retry-After"))
		}
		close(release)
		wg.Wait()
		if w := get(t, h, http.MethodGet, "/status.json"); w.Code != http.StatusOK {
			t.Errorf("GET /status.json after the others = %d, want 200", w.Code)
		}
	})
}

// TestServerBoundsClients connects silent clients: the 65th is hung up on, and when one of the 64 leaves there is room.
func TestServerBoundsClients(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := status.NewServer(status.Handler(sample))
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	defer func() {
		server.Close()
		if err := <-served; err != http.ErrServerClosed {
			t.Errorf("Serve = %v, want %v", err, http.ErrServerClosed)
		}
	}()
	dial := func() net.Conn {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	ask := func(c net.Conn) error {
		if _, err := c.Write([]byte("GET /status.json HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
			return err
		}
		r, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			return err
		}
		defer r.Body.Close()
		_, err = io.Copy(io.Discard, r.Body)
		return err
	}
	var conns []net.Conn
	for range 64 {
		c := dial()
		// The answer shows that the server has counted this one before the next comes.
		if err := ask(c); err != nil {
			t.Fatalf("client %d: %v", len(conns), err)
		}
		conns = append(conns, c)
	}
	if err := ask(dial()); err == nil {
		t.Error("the 65th client was served")
	}
	conns[0].Close()
	for giveUp := time.Now().Add(time.Minute); ask(dial()) != nil; {
		if time.Now().After(giveUp) {
			t.Fatal("no client was served after one had left")
		}
		// The server learns of the end in its own time.
		time.Sleep(time.Millisecond)
	}
}

func TestServerLimits(t *testing.T) {
	s := status.NewServer(http.NotFoundHandler())
	if s.ReadHeaderTimeout <= 0 || s.ReadTimeout <= 0 || s.WriteTimeout <= 0 || s.IdleTimeout <= 0 || s.MaxHeaderBytes <= 0 {
		t.Errorf("NewServer leaves a limit out: %+v", s)
	}
}
