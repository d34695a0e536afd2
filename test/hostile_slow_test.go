//go:build integration

package test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// attack is something that many clients do to a site at once. play goes on until the connection ends.
type attack struct {
	name    string
	clients int
	play    func(j *jpm, c net.Conn)
	all     bool // it takes every worker of the site
}

// dripping writes byte by byte until the connection ends.
func dripping(c net.Conn, s string) {
	for i := range len(s) {
		if _, err := io.WriteString(c, s[i:i+1]); err != nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	_, _ = io.Copy(io.Discard, c)
}

// flooding writes the same again and again and reads nothing, until the connection ends.
func flooding(c net.Conn, s string) {
	s = strings.Repeat(s, 1+8192/len(s))
	for {
		if _, err := io.WriteString(c, s); err != nil {
			return
		}
	}
}

var attacks = []attack{
	{"parameters byte by byte", 300, func(j *jpm, c net.Conn) { dripping(c, simple(1, true, j.scriptParams("index.php")...)) }, false},
	{"a body byte by byte", 4, func(j *jpm, c net.Conn) {
		params := append(j.scriptParams("body.php"), "CONTENT_LENGTH", "10000")
		_, _ = io.WriteString(c, begin(1, 1, false)+stream(paramsRecord, 1, pairs(params...), 1000))
		dripping(c, strings.Repeat(record(stdinRecord, 1, "x"), 10_000))
	}, true},
	{"requests that are never complete", 20, func(_ *jpm, c net.Conn) {
		for id := 0; ; time.Sleep(time.Millisecond) { // the others of this process want to run too
			var many strings.Builder
			for range 50 {
				id = id%65535 + 1
				many.WriteString(begin(uint16(id), 1, true))
			}
			if _, err := io.WriteString(c, many.String()); err != nil {
				return
			}
		}
	}, false},
	{"an answer that nobody reads", 4, func(j *jpm, c net.Conn) {
		_, err := io.WriteString(c, simple(1, false, append(j.scriptParams("download.php"), "QUERY_STRING", "mib=64")...))
		for ; err == nil; time.Sleep(50 * time.Millisecond) {
			_, err = io.WriteString(c, record(stdinRecord, 9, "")) // means nothing, but tells when the connection has ended
		}
	}, true},
	{"questions whose answers nobody reads", 20, func(_ *jpm, c net.Conn) {
		flooding(c, record(getValues, 0, pairs("FCGI_MAX_CONNS", "", "FCGI_MAX_REQS", "", "FCGI_MPXS_CONNS", "")))
	}, false},
	{"unknown records whose answers nobody reads", 20, func(_ *jpm, c net.Conn) { flooding(c, record(42, 0, "")) }, false},
	{"half a request and half a close", 100, func(j *jpm, c net.Conn) {
		_, _ = io.WriteString(c, simple(1, true, j.scriptParams("index.php")...)[:100])
		_ = c.(*net.UnixConn).CloseWrite()
		_, _ = io.Copy(io.Discard, c)
	}, false},
}

// TestSlowClients: clients that take their time or never read cost others nothing, neither those of another site nor, if workers are left, those of
// the same.
func TestSlowClients(t *testing.T) {
	j := startJPM(t, site{request: "header_timeout = \"1s\"\ntimeout = \"3s\""}, site{name: "other", user: neighbourID})
	other := simple(1, false, "SCRIPT_FILENAME", j.dir+"/other/index.php", "REQUEST_METHOD", "GET")
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			before := memory(t, j.proxy)
			var ended atomic.Int32
			var playing sync.WaitGroup
			for range a.clients {
				c := j.dial("site")
				_ = c.SetDeadline(time.Time{})
				playing.Go(func() {
					a.play(j, c)
					ended.Add(1)
				})
			}
			served := 0
			for until := time.Now().Add(1500 * time.Millisecond); time.Now().Before(until); served++ {
				c := j.dial("other")
				_, _ = io.WriteString(c, other)
				if got, err := readReply(c, 1); err != nil || !strings.HasSuffix(got.stdout, "hello ") {
					t.Fatalf("the other site's client got %q, error %v", clip(got.stdout), err)
				}
				_ = c.Close()
				if !a.all {
					j.healthy()
				}
			}
			most := memory(t, j.proxy)
			eventually(t, "every connection has ended", func() bool { return int(ended.Load()) == a.clients })
			playing.Wait()
			j.healthy()
			t.Logf("%d requests of others were served; the proxy grew from %d to %d KiB", served, before>>10, most>>10)
			if served == 0 || most-before > 64<<20 {
				t.Errorf("%d requests of others were served, and the proxy grew from %d to %d KiB", served, before>>10, most>>10)
			}
		})
	}
	j.waitIdle()
}

// TestIdleConnections: ten thousand connections of web servers that keep them, used and not used, cost little and delay nobody.
func TestIdleConnections(t *testing.T) {
	const conns, sites = 10_000, 4 // a site takes 4096
	var list []site
	for i := range sites {
		s := scripted()
		s.name, s.user, s.workers = fmt.Sprintf("site%d", i), siteID+10+i, "max = 1"
		list = append(list, s)
	}
	list[0].name = "site"
	j := startJPM(t, list...)
	request := deed("hello")
	request = request[:10] + "\x01" + request[11:] // kept
	before := memory(t, j.proxy)
	open := make([]net.Conn, conns)
	for i := range open {
		c, err := net.Dial("unix", j.socket(list[i%sites].name))
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		defer c.Close()
		open[i] = c
		if i%2 == 0 {
			continue
		}
		_ = c.SetDeadline(time.Now().Add(patience))
		_, _ = io.WriteString(c, request)
		if a, err := readReply(c, 1); err != nil || !strings.HasSuffix(a.stdout, "hello") {
			t.Fatalf("connection %d: %q, error %v", i, clip(a.stdout), err)
		}
	}
	each := (memory(t, j.proxy) - before) / conns
	t.Logf("%d bytes of the proxy's memory for an idle connection", each)
	if each > 24<<10 {
		t.Errorf("%d bytes for an idle connection: that is a buffer", each)
	}
	for i, c := range open {
		if i%97 > 0 {
			continue
		}
		_ = c.SetDeadline(time.Now().Add(patience))
		_, _ = io.WriteString(c, request)
		if a, err := readReply(c, 1); err != nil || !strings.HasSuffix(a.stdout, "hello") {
			t.Errorf("connection %d, later: %q, error %v", i, clip(a.stdout), err)
		}
	}
	for _, c := range open {
		_ = c.Close()
	}
}
