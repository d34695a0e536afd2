//go:build integration

package test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestHostileClients: whatever comes from the web server's side ends its own connection at most.
func TestHostileClients(t *testing.T) {
	j := startJPM(t, site{request: `header_timeout = "1s"`})
	good := j.scriptParams("index.php")
	honest := simple(1, true, good...)
	attacks := map[string]string{
		"nothing":                  "",
		"HTTP":                     "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"zeros":                    strings.Repeat("\x00", 1<<16),
		"ones":                     strings.Repeat("\xff", 1<<16),
		"wrong version":            "\x02" + honest[1:],
		"half a header":            honest[:5],
		"half a begin":             honest[:12],
		"half the params":          honest[:40],
		"no params":                begin(1, 1, true),
		"stdin first":              record(stdinRecord, 1, "x") + honest,
		"params first":             stream(paramsRecord, 1, pairs(good...), 1000),
		"request id 0":             simple(0, true, good...),
		"short begin":              record(beginRequest, 1, "\x00\x01"),
		"begin twice":              begin(1, 1, true) + honest,
		"role 0":                   begin(1, 0, true) + stream(paramsRecord, 1, pairs(good...), 1000) + record(stdinRecord, 1, ""),
		"role 65535":               begin(1, 65535, true),
		"abort of nothing":         record(abortRequest, 7, "") + honest,
		"abort in the params":      begin(1, 1, true) + record(abortRequest, 1, ""),
		"unknown type":             record(42, 0, "") + honest,
		"answer of a worker":       record(stdoutRecord, 1, "x") + record(endRequest, 1, strings.Repeat("\x00", 8)),
		"values":                   record(getValues, 0, pairs("FCGI_MAX_CONNS", "", "NONSENSE", "")) + honest,
		"broken values":            record(getValues, 0, "\xff\xff\xff\xff\xff\xff\xff\xff") + honest,
		"length bomb":              begin(1, 1, true) + record(paramsRecord, 1, "\xff\xff\xff\xff\xff\xff\xff\xffx") + record(paramsRecord, 1, ""),
		"pair runs over its end":   begin(1, 1, true) + record(paramsRecord, 1, "\x05\x05abc") + record(paramsRecord, 1, ""),
		"script twice":             simple(1, true, append(good, "SCRIPT_FILENAME", "/etc/passwd")...),
		"PHP_VALUE":                simple(1, true, append(good, "PHP_VALUE", "auto_prepend_file=/etc/passwd")...),
		"PHP_ADMIN_VALUE":          simple(1, true, append(good, "PHP_ADMIN_VALUE", "open_basedir=/")...),
		"NUL in a name":            simple(1, true, append(good, "A\x00B", "x")...),
		"length is no number":      simple(1, true, append(good, "CONTENT_LENGTH", "-5")...),
		"length is huge":           simple(1, true, append(good, "CONTENT_LENGTH", "99999999999999999999")...),
		"length without body":      simple(1, true, append(good, "CONTENT_LENGTH", "1000")...),
		"body without length":      begin(1, 1, true) + stream(paramsRecord, 1, pairs(good...), 1000) + stream(stdinRecord, 1, strings.Repeat("x", 1<<17), 1000),
		"body over its length":     begin(1, 1, true) + stream(paramsRecord, 1, pairs(append(good, "CONTENT_LENGTH", "3")...), 1000) + stream(stdinRecord, 1, strings.Repeat("x", 1<<17), 1000),
		"ten thousand tiny params": begin(1, 1, true) + strings.Repeat(record(paramsRecord, 1, pairs("A", "")), 10000) + record(paramsRecord, 1, ""),
		"a thousand at once":       thousandAtOnce(good),
	}
	for name, attack := range attacks {
		t.Run(name, func(t *testing.T) {
			for _, how := range []string{"and waits", "and closes", "and half-closes"} {
				c, err := net.Dial("unix", j.socket("site"))
				if err != nil {
					t.Fatal(err)
				}
				c.SetDeadline(time.Now().Add(3 * time.Second))
				io.WriteString(c, attack)
				switch how {
				case "and half-closes":
					c.(*net.UnixConn).CloseWrite()
					io.Copy(io.Discard, c)
				case "and waits":
					readRecord(c)
				}
				c.Close()
			}
			j.healthy()
		})
	}
	j.waitIdle()
	if p := j.pool(); p.Bugs != 0 {
		t.Errorf("%d bugs", p.Bugs)
	}
	s, err := j.snapshot()
	if err != nil || s.ProxyPID != j.proxy {
		t.Errorf("the proxy is %d, was %d, error %v", s.ProxyPID, j.proxy, err)
	}
}

// thousandAtOnce multiplexes more requests than there are workers and places in the queue.
func thousandAtOnce(params []string) string {
	var b strings.Builder
	for id := range 1000 {
		b.WriteString(simple(uint16(id+1), true, params...))
	}
	return b.String()
}

// TestRandomClients: random changes of honest traffic, from many connections at once.
func TestRandomClients(t *testing.T) {
	j := startJPM(t, site{request: `header_timeout = "1s"`})
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	honest := simple(1, true, append(j.scriptParams("body.php"), "CONTENT_LENGTH", "5")...)
	honest = honest[:len(honest)-8] + stream(stdinRecord, 1, "hello", 100) + simple(2, true, j.scriptParams("index.php")...)
	var wg sync.WaitGroup
	for worker := range uint64(8) {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(seed, worker))
			for range 100 {
				b := []byte(honest)
				for range 1 + rnd.IntN(4) {
					b[rnd.IntN(len(b))] = byte(rnd.Uint32())
				}
				c, err := net.Dial("unix", j.socket("site"))
				if err != nil {
					t.Error(err)
					return
				}
				c.SetDeadline(time.Now().Add(200 * time.Millisecond))
				c.Write(b[:1+rnd.IntN(len(b))])
				readReply(c, 1)
				c.Close()
			}
		})
	}
	wg.Wait()
	j.healthy()
	j.waitIdle()
	s, err := j.snapshot()
	if err != nil || s.ProxyPID != j.proxy || s.Pools[0].Bugs != 0 {
		t.Errorf("the proxy is %d, was %d; %d bugs; error %v", s.ProxyPID, j.proxy, s.Pools[0].Bugs, err)
	}
}

// TestSecondRequest: a client may send several requests at once; each runs on a worker of its own, and who is done first is answered first.
func TestSecondRequest(t *testing.T) {
	j := startJPM(t, site{})
	c := j.dial("site")
	io.WriteString(c, simple(1, true, append(j.scriptParams("until.php"), "QUERY_STRING", "file=second")...))
	j.busy(1)
	io.WriteString(c, simple(2, true, j.scriptParams("index.php")...))
	if a, err := readReply(c, 2); err != nil || !strings.Contains(a.stdout, "hello") {
		t.Errorf("the second request: got %q, error %v", clip(a.stdout), err)
	}
	j.write("site/second", "")
	if a, err := readReply(c, 1); err != nil || !strings.Contains(a.stdout, "it is there") {
		t.Errorf("the first request: got %q, error %v", clip(a.stdout), err)
	}
	io.WriteString(c, simple(3, true, j.scriptParams("index.php")...))
	if a, err := readReply(c, 3); err != nil || !strings.Contains(a.stdout, "hello") {
		t.Errorf("the next request: got %q, error %v", clip(a.stdout), err)
	}
}

// TestManagementRecords are answered without a worker.
func TestManagementRecords(t *testing.T) {
	j := startJPM(t, site{workers: "max = 1"})
	running := j.dial("site")
	io.WriteString(running, simple(1, true, append(j.scriptParams("sleep.php"), "QUERY_STRING", "ms=30000")...))
	w := j.busy(1)[0]

	c := j.dial("site")
	io.WriteString(c, record(getValues, 0, pairs("FCGI_MPXS_CONNS", "", "FCGI_MAX_REQS", "")))
	kind, id, content, err := readRecord(c)
	if err != nil || kind != getValuesResult || id != 0 || !strings.Contains(content, "FCGI_MPXS_CONNS1") {
		t.Errorf("GET_VALUES: got type %d, id %d, %q, error %v", kind, id, content, err)
	}
	io.WriteString(c, record(42, 0, "what"))
	kind, id, content, err = readRecord(c)
	if err != nil || kind != unknownType || id != 0 || content[0] != 42 {
		t.Errorf("unknown type: got type %d, id %d, %q, error %v", kind, id, content, err)
	}
	io.WriteString(c, begin(1, 42, true)+stream(paramsRecord, 1, pairs(j.scriptParams("index.php")...), 1000)+record(stdinRecord, 1, ""))
	a, err := readReply(c, 1)
	if err != nil || a.protocolStatus != 3 {
		t.Errorf("role 42: protocol status %d, error %v; want 3, unknown role", a.protocolStatus, err)
	}
	kill(t, w.Pid)
	j.waitIdle()
}

// TestTCPListener: only the listed clients may connect.
func TestTCPListener(t *testing.T) {
	port := freePort(t)
	j := startJPM(t, site{pool: fmt.Sprintf("listen \"tcp:127.0.0.1:%d\" {\nallowed_clients = [\"127.0.0.1\"]\n}", port)})
	ask := func(from string) (reply, error) {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
		c, err := d.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(patience))
		io.WriteString(c, simple(1, false, j.scriptParams("index.php")...))
		return readReply(c, 1)
	}
	if a, err := ask("127.0.0.1"); err != nil || !strings.Contains(a.stdout, "hello") {
		t.Errorf("from 127.0.0.1: got %q, error %v", clip(a.stdout), err)
	}
	if a, err := ask("127.0.0.2"); err == nil {
		t.Errorf("from 127.0.0.2: got %q", clip(a.stdout))
	}
}
