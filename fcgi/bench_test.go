package fcgi

import (
	"io"
	"net"
	"runtime"
	"strconv"
	"sync"
	"testing"
)

// rig is a client, a proxy and a worker that answers each read with the same page, none of which allocates.
type rig struct {
	c    net.Conn
	send []byte
	buf  []byte
}

func newRig(t testing.TB, loop *Loop, request, answer []byte) *rig {
	t.Helper()
	l := scripted(t, 1, func(w *worker, _ int) {
		b := make([]byte, 64<<10)
		// What comes in one write is read in one.
		for {
			if n, err := w.UnixConn.Read(b); n == 0 || err != nil {
				return
			}
			if _, err := w.Write(answer); err != nil {
				return
			}
		}
	})
	l.keep = false
	return &rig{c: dial(t, listen(t, &Proxy{Loop: loop, Pick: l.pick})), send: request, buf: make([]byte, len(answer))}
}

func (r *rig) roundTrip() error {
	if _, err := r.c.Write(r.send); err != nil {
		return err
	}
	_, err := io.ReadFull(r.c, r.buf)
	return err
}

// typical is a request as nginx sends it.
func typical(flags uint8) []byte {
	return get(1, flags, "QUERY_STRING", "id=doku", "CONTENT_TYPE", "", "CONTENT_LENGTH", "", "SCRIPT_NAME", "/doku.php", "REQUEST_URI", "/doku.php?id=doku",
		"DOCUMENT_URI", "/doku.php", "DOCUMENT_ROOT", "/srv/wiki", "SERVER_PROTOCOL", "HTTP/1.1", "REQUEST_SCHEME", "http", "GATEWAY_INTERFACE", "CGI/1.1",
		"SERVER_SOFTWARE", "nginx/1.22.1", "REMOTE_ADDR", "127.0.0.1", "REMOTE_PORT", "51234", "SERVER_ADDR", "127.0.0.1", "SERVER_PORT", "8080", "SERVER_NAME", "localhost",
		"REDIRECT_STATUS", "200", "HTTP_HOST", "localhost:8080", "HTTP_USER_AGENT", "Mozilla/5.0 (X11; Linux x86_64)", "HTTP_ACCEPT", "text/html,*/*;q=0.8")
}

// TestRelayAllocates nothing for a request once it has warmed up.
func TestRelayAllocates(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget")
	}
	r := newRig(t, nil, typical(flagKeep), page(1, "hello"))
	for range 100 {
		if err := r.roundTrip(); err != nil {
			t.Fatal(err)
		}
	}
	// Not by testing.AllocsPerRun, which leaves one processor to all goroutines: the loop's thread keeps one for itself.
	const runs = 2000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		if err := r.roundTrip(); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if n := (after.Mallocs - before.Mallocs) / runs; n > 0 {
		t.Errorf("%d allocations for a request, want 0", n)
	}
}

func BenchmarkRelay(b *testing.B) {
	for _, size := range []struct {
		name string
		n    int
	}{{"small", 200}, {"8KiB", 8 << 10}, {"64KiB", 64 << 10}} {
		b.Run(size.name, func(b *testing.B) {
			var body []byte
			for left := size.n; left > 0; left -= 32 << 10 {
				body = append(body, rec(recStdout, 1, string(make([]byte, min(left, 32<<10))))...)
			}
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3)) // the loop, the client and the worker
			r := newRig(b, nil, typical(flagKeep), join(rec(recStdout, 1, "Content-Type: text/html\r\n\r\n"), body, end(1, 0, 0)))
			b.ReportAllocs()
			b.ResetTimer()
			for b.Loop() {
				if err := r.roundTrip(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkLoops has four proxies share loops, each with a client and a worker that do next to nothing.
func BenchmarkLoops(b *testing.B) {
	for _, n := range []int{1, 2} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(n + 2)) // a thread that waits for events keeps its P for a while
			var loops []*Loop
			for range n {
				l, err := NewLoop(nil)
				if err != nil {
					b.Fatal(err)
				}
				b.Cleanup(l.Close)
				loops = append(loops, l)
			}
			var rigs []*rig
			for i := range 4 {
				rigs = append(rigs, newRig(b, loops[i%n], typical(flagKeep), page(1, "hello")))
			}
			b.ResetTimer()
			var running sync.WaitGroup
			for _, r := range rigs {
				running.Go(func() {
					for range b.N / len(rigs) {
						if err := r.roundTrip(); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			running.Wait()
		})
	}
}

// BenchmarkParse is the parsing of a request's head alone.
func BenchmarkParse(b *testing.B) {
	request := typical(flagKeep)
	limits := Limits{MaxParams: 1 << 18, MaxBody: 1 << 20}
	s := new(stream)
	p := parser{limits: &limits, open: func() *stream { return s }}
	var req Request
	b.ReportAllocs()
	b.SetBytes(int64(len(request)))
	for b.Loop() {
		in := request
		for {
			st, n, err := p.next(in)
			in = in[n:]
			if err != nil {
				b.Fatal(err)
			}
			if st == stepHead {
				if r := req.decode(s.frame.params, &limits); r != nil {
					b.Fatal(r)
				}
			}
			if st == stepMore {
				break
			}
		}
		p.finish(s)
	}
}
