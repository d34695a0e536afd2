package fcgi

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patienceOf is how long a test waits for what must come.
const patienceOf = time.Minute

// join makes one slice of many.
func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// rec is one record, with padding that is not zero.
func rec(kind uint8, id uint16, content string, padding ...int) []byte {
	b := appendRecord(nil, kind, id, []byte(content))
	for _, n := range padding {
		b[6] = byte(n)
		b = append(b, bytes.Repeat([]byte{0xee}, n)...)
	}
	return b
}

func begin(id uint16, role Role, flags uint8) []byte {
	b := make([]byte, beginLen)
	putBegin(b, id, role, flags)
	return b
}

// pairs encodes names and values in turn.
func pairs(kv ...string) string {
	var b []byte
	for i := 0; i < len(kv); i += 2 {
		b = appendPair(b, kv[i], kv[i+1])
	}
	return string(b)
}

// get is a whole GET request.
func get(id uint16, flags uint8, kv ...string) []byte {
	kv = append([]string{"REQUEST_METHOD", "GET", "SCRIPT_FILENAME", "/srv/a.php"}, kv...)
	return join(begin(id, Responder, flags), rec(recParams, id, pairs(kv...)), rec(recParams, id, ""), rec(recStdin, id, ""))
}

// post is a whole POST request.
func post(id uint16, flags uint8, length, body string) []byte {
	b := join(begin(id, Responder, flags), rec(recParams, id, pairs("REQUEST_METHOD", "POST", "CONTENT_LENGTH", length)), rec(recParams, id, ""))
	for len(body) > 0 {
		n := min(len(body), 32<<10)
		b = append(b, rec(recStdin, id, body[:n])...)
		body = body[n:]
	}
	return append(b, rec(recStdin, id, "")...)
}

func end(id uint16, app uint32, protocol uint8) []byte { return appendEnd(nil, id, app, protocol) }

// page is a whole answer as php-cgi sends it.
func page(id uint16, body string) []byte {
	return join(rec(recStdout, id, "Content-Type: text/plain\r\n\r\n"+body), end(id, 0, 0))
}

// answer is a whole answer of the proxy's own.
func answer(id uint16, status int) []byte { return appendAnswer(nil, id, status, 0) }

// worker is the far end of a connection that a proxy got from Pick.
type worker struct {
	t testing.TB
	*net.UnixConn
	r *bufio.Reader
}

// record reads one record and gives its header and all of its bytes.
func (w *worker) record() (header, []byte, error) {
	b := make([]byte, headerLen)
	if _, err := io.ReadFull(w.r, b); err != nil {
		return header{}, nil, err
	}
	h := readHeader(b)
	b = append(b, make([]byte, h.size()-headerLen)...)
	_, err := io.ReadFull(w.r, b[headerLen:])
	return h, b, err
}

// request reads a whole request and gives its bytes, nil if the connection was closed before it began.
func (w *worker) request() []byte {
	var all []byte
	role := Role(0)
	for {
		h, b, err := w.record()
		if err != nil {
			return nil
		}
		all = append(all, b...)
		switch {
		case h.kind == recBeginRequest:
			role = Role(b[headerLen+1])
		case h.kind == recStdin && h.length == 0 && role != Filter, h.kind == recData && h.length == 0:
			return all
		}
	}
}

// say writes.
func (w *worker) say(b ...[]byte) { _, _ = w.Write(join(b...)) }

// scripted makes a lender whose connections lead to goroutines that run script, which ends when it has nothing more to say. The
// number of the connection counts from 0.
func scripted(t testing.TB, workers int, script func(w *worker, n int)) *lender {
	t.Helper()
	var running sync.WaitGroup
	n := 0
	l := newLender(t, workers, func() (*Conn, error) {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			return nil, err
		}
		near, err := FileConn(os.NewFile(uintptr(fds[0]), "near"))
		if err != nil {
			return nil, err
		}
		f := os.NewFile(uintptr(fds[1]), "far")
		far, err := net.FileConn(f)
		_ = f.Close()
		if err != nil {
			return nil, err
		}
		w := &worker{t: t, UnixConn: far.(*net.UnixConn), r: bufio.NewReader(far)}
		at := n
		n++
		running.Go(func() {
			defer far.Close()
			script(w, at)
		})
		return near, nil
	})
	t.Cleanup(running.Wait)
	t.Cleanup(l.close)
	return l
}

// echo answers every request with a page that says ok, and closes when the proxy does.
func echo(w *worker, _ int) {
	for {
		b := w.request()
		if b == nil {
			return
		}
		w.say(page(readHeader(b).id, "ok"))
	}
}

// peer is a test's connection to a proxy.
type peer struct {
	t testing.TB
	net.Conn
}

func dial(t testing.TB, path string) *peer {
	t.Helper()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return &peer{t: t, Conn: c}
}

// send writes; a proxy that closes meanwhile is no failure here.
func (p *peer) send(b ...[]byte) {
	p.t.Helper()
	if _, err := p.Write(join(b...)); err != nil && !errors.Is(err, unix.EPIPE) && !errors.Is(err, unix.ECONNRESET) {
		p.t.Fatalf("send: %v", err)
	}
}

// want reads exactly these bytes.
func (p *peer) want(b ...[]byte) {
	p.t.Helper()
	want := join(b...)
	got := make([]byte, len(want))
	_ = p.SetReadDeadline(time.Now().Add(patienceOf))
	n, err := io.ReadFull(p, got)
	if err != nil || !bytes.Equal(got, want) {
		p.t.Fatalf("got  %s (%v)\nwant %s", show(got[:n]), err, show(want))
	}
}

// wantClosed reads the end of the stream and nothing before.
func (p *peer) wantClosed() {
	p.t.Helper()
	_ = p.SetReadDeadline(time.Now().Add(patienceOf))
	b, err := io.ReadAll(p)
	if len(b) > 0 || err != nil && !errors.Is(err, unix.ECONNRESET) {
		p.t.Fatalf("got %s (%v), want the end", show(b), err)
	}
}

// probe is a management record that is always answered: it shows that a connection lives and nothing else was sent on it.
var probe = rec(recGetValues, 0, pairs("FCGI_MPXS_CONNS", ""))

func (p *peer) wantOpen() {
	p.t.Helper()
	p.send(probe)
	p.want(rec(recGetValuesResult, 0, pairs("FCGI_MPXS_CONNS", "1")))
}

// show prints records so that a person can compare them.
func show(b []byte) string {
	var s strings.Builder
	for len(b) >= headerLen {
		h := readHeader(b)
		end := min(h.size(), len(b))
		c := b[headerLen:min(headerLen+int(h.length), end)]
		if len(c) > 200 {
			c = append(bytes.Clone(c[:200]), "..."...)
		}
		s.WriteString("\n  ")
		s.WriteString(strings.TrimSpace(string(appendShow(nil, h, c))))
		b = b[end:]
	}
	if len(b) > 0 {
		s.WriteString("\n  " + string(appendQuoted(nil, b)))
	}
	return s.String()
}
