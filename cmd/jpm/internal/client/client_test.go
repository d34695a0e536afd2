package client

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/fcgi"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

// listen opens a FastCGI socket for one test.
func listen(t *testing.T) (net.Listener, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln, path
}

func get(t *testing.T, ctx context.Context) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/x?y=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.RequestURI = "/x?y=1"
	return r
}

func TestDo(t *testing.T) {
	ln, path := listen(t)
	go fcgi.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Script", fcgi.ProcessEnv(r)["SCRIPT_FILENAME"])
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, r.URL.RawQuery)
	}))
	rec := httptest.NewRecorder()
	err := Do(get(t, t.Context()), "unix:"+path, map[string]string{"SCRIPT_FILENAME": "/srv/x.php"}, rec, io.Discard)
	if err != nil || rec.Code != http.StatusTeapot || rec.Body.String() != "y=1" || rec.Header().Get("X-Script") != "/srv/x.php" {
		t.Errorf("Do() = %v, status %d, header %v, body %q", err, rec.Code, rec.Header(), rec.Body)
	}
}

// broken answers one connection with the given bytes and hangs up.
func broken(ln net.Listener, answer string) {
	c, err := ln.Accept()
	if err != nil {
		return
	}
	defer c.Close()
	// The whole request: to close what is not read would be a reset, which may be all that the client sees.
	for h := make([]byte, 8); ; {
		if _, err := io.ReadFull(c, h); err != nil {
			return
		}
		length := int64(binary.BigEndian.Uint16(h[4:]))
		if _, err := io.CopyN(io.Discard, c, length+int64(h[6])); err != nil {
			return
		}
		if h[1] == 5 && length == 0 { // the end of STDIN
			break
		}
	}
	io.WriteString(c, answer)
}

func TestTruncated(t *testing.T) {
	const header = "Content-Type: text/plain\r\n\r\n"
	stdout := "\x01\x06\x00\x01\x00" + string(rune(len(header)+4)) + "\x00\x00" + header + "half"
	for _, tt := range []struct {
		name, answer string
		want         error
	}{
		{"no END_REQUEST", stdout, ErrTruncated},
		{"half an END_REQUEST", stdout + "\x01\x03\x00\x01\x00\x08\x00\x00\x00\x00", ErrTruncated},
		{"nothing", "", ErrTruncated},
		{"whole", stdout + "\x01\x03\x00\x01\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", nil},
	} {
		ln, path := listen(t)
		go broken(ln, tt.answer)
		if err := Do(get(t, t.Context()), path, nil, httptest.NewRecorder(), io.Discard); !errors.Is(err, tt.want) {
			t.Errorf("%s: Do() = %v, want %v", tt.name, err, tt.want)
		}
	}
}

// A server that never answers is left when the context ends.
func TestGivesUp(t *testing.T) {
	ln, path := listen(t)
	accepted := make(chan net.Conn, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		c, _ := ln.Accept()
		accepted <- c
		cancel()
	}()
	err := Do(get(t, ctx), path, nil, httptest.NewRecorder(), io.Discard)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Do() = %v, want the context's end", err)
	}
	(<-accepted).Close()
}

func TestHeaderParams(t *testing.T) {
	got := HeaderParams(http.Header{
		"Accept": {"a", "b"}, "Cookie": {"x=1", "y=2"}, "Proxy": {"http://evil"}, "X_y": {"1"}, "X-Y": {"2"}, "Content-Type": {"t"},
	})
	want := map[string]string{"HTTP_ACCEPT": "a, b", "HTTP_COOKIE": "x=1; y=2", "HTTP_X_Y": "2"}
	if len(got) != len(want) {
		t.Errorf("HeaderParams() = %v, want %v", got, want)
	}
	for k, v := range want {
		if got[k] != v {
			t.Errorf("HeaderParams()[%s] = %q, want %q", k, got[k], v)
		}
	}
}

func TestAddress(t *testing.T) {
	for in, want := range map[string]string{
		"unix:/a": "unix /a", "/a": "unix /a", "./a": "unix ./a", "a.sock": "unix a.sock", "/a:b": "unix /a:b", "tcp:h:1": "tcp h:1", "127.0.0.1:9000": "tcp 127.0.0.1:9000",
	} {
		n, a := Address(in)
		if got := strings.Join([]string{n, a}, " "); got != want {
			t.Errorf("Address(%q) = %q, want %q", in, got, want)
		}
	}
}
