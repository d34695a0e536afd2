//go:build integration

package peers

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestHAProxyAsks: with get-values it says nothing else before it is answered, so the tests of that setup test the answer.
func TestHAProxyAsks(t *testing.T) {
	for options, want := range map[string]byte{"": beginRecord, "option get-values": getValuesRecord} {
		r := &relay{unix: openDir(t) + "/fcgi.sock"}
		ln, err := net.Listen("unix", r.unix)
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		if err := ln.(*net.UnixListener).SetDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		b := &browser{t: t, url: haproxy(t, r.unix, "/srv", options)}
		answered := make(chan answer, 1)
		go func() { answered <- b.get("/a.php") }()
		c, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		var h [8]byte
		if _, err := io.ReadFull(c, h[:]); err != nil || h[1] != want {
			t.Errorf("%q: the first record is %v, error %v; want type %d", options, h, err, want)
		}
		_ = c.Close()
		_ = ln.Close()
		<-answered
	}
}

// TestHAProxyMultiplexes: the relay says that several requests may share a connection, HAProxy has them do so, and each has a worker of its own. One
// that its browser gives up does not disturb the others.
func TestHAProxyMultiplexes(t *testing.T) {
	root, w := site(t), php(t, 4)
	r := serve(t, w)
	p := listenIn(t, r)
	b := &browser{t: t, url: haproxy(t, p.unix, root, "option get-values\noption mpxs-conns\noption max-reqs 50")}
	b.get("/hello.php?n=first").want(200, "hello first")
	for range 2 {
		before := w.requests()
		ctx, cancel := context.WithCancel(context.Background())
		var running sync.WaitGroup
		running.Go(func() {
			body, rest := io.Pipe()
			context.AfterFunc(ctx, func() { _ = rest.Close() })
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url+"/echo.php", io.MultiReader(strings.NewReader("the begin"), body))
			if err != nil {
				t.Error(err)
				return
			}
			req.ContentLength = 100_000
			if a := b.do(req); a.err == nil {
				t.Errorf("the request that was given up got %d %q", a.status, clip(a.body))
			}
		})
		for range 3 {
			running.Go(func() { b.get("/silent.php").want(200, "at last") })
		}
		eventually(t, "workers are asked for", func() bool { return w.requests() >= before+3 })
		cancel()
		running.Wait()
	}
	many(t, b)
	big(t, b)
	uploads(t, b)
	t.Logf("%d requests at once on a connection, ABORT_REQUEST %d times", p.atOnce(), len(p.of(abortRecord)))
	if p.atOnce() < 2 {
		t.Errorf("%d request at once on a connection, want several", p.atOnce())
	}
	w.wantNoHarm(t)
}
