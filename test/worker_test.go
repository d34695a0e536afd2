//go:build integration

package test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"jpm/pool"
)

// TestKilledBeforeFirstByte: a worker that has served nothing dies with its first request. That request gets 502: who
// knows what it had done.
func TestKilledBeforeFirstByte(t *testing.T) {
	j := startJPM(t, site{workers: "max = 1"})
	for _, front := range fronts {
		t.Run(front.name, func(t *testing.T) {
			j.waitIdle()
			old := j.pool().Workers[0].Pid
			kill(t, old) // a fresh worker, whatever ran before
			eventually(t, "the worker is replaced", func() bool {
				w := j.pool().Workers[0]
				return w.State == pool.Idle && w.Pid != old
			})
			n := j.front(front.options)
			mark := j.log.mark()
			running := n.start("/sleep.php?ms=30000")
			w := j.busy(1)[0]
			kill(t, w.Pid)
			(<-running).want(t, 502, "")
			j.log.wait(t, mark, line{"msg": "worker", "pid": w.Pid, "to": "down", "reason": "signaled", "signal": "killed", "uri": "/sleep.php"})
			j.log.wait(t, mark, line{"msg": "request", "pool": "site", "uri": "/sleep.php", "status": 502})
			n.get("/index.php?next").want(t, 200, "hello next")
		})
	}
}

// TestKilledWhileIdle: a request that comes in the moment its worker has died is served by the next one.
func TestKilledWhileIdle(t *testing.T) {
	j := startJPM(t, site{workers: "max = 1"})
	n := j.front("fastcgi_keep_conn on;")
	for range 20 {
		n.get("/index.php?before").want(t, 200, "hello before") // so that the next death is no crash loop
		j.waitIdle()
		kill(t, j.pool().Workers[0].Pid)
		n.get("/index.php?after").want(t, 200, "hello after")
	}
	j.waitIdle()
	if p := j.pool(); p.Bugs != 0 {
		t.Errorf("%d bugs", p.Bugs)
	}
}

// TestKilledMidway: nginx must not take half an answer for a whole one.
func TestKilledMidway(t *testing.T) {
	j := startJPM(t, site{workers: "max = 1"})
	for _, front := range fronts {
		t.Run(front.name, func(t *testing.T) {
			n := j.front(front.options)
			running := n.start("/partial.php")
			w := j.busy(1)[0]
			eventually(t, "the worker has sent half of its answer", func() bool { return sleeps(w.Pid) })
			mark := j.log.mark()
			kill(t, w.Pid)
			a := <-running
			if a.err == nil && a.status == 200 {
				t.Errorf("a whole answer of %d bytes with status 200", len(a.body))
			}
			if a.err == nil && a.status != 502 {
				t.Errorf("status %d, want 502 or a broken answer", a.status)
			}
			j.log.wait(t, mark, line{"msg": "request", "uri": "/partial.php"})
			n.get("/index.php?next").want(t, 200, "hello next")
		})
	}
}

// TestRequestTimeout: a request that takes too long costs its worker and is answered with 504, and the next is served. On a busy machine that one can take
// too long as well: then it is asked again.
func TestRequestTimeout(t *testing.T) {
	j := startJPM(t, site{workers: "max = 2", request: `timeout = "300ms"`})
	for _, front := range fronts {
		t.Run(front.name, func(t *testing.T) {
			n := j.front(front.options)
			mark := j.log.mark()
			n.get("/sleep.php?ms=30000").want(t, 504, "")
			j.log.wait(t, mark, line{"msg": "worker", "to": "down", "reason": "request-timeout", "uri": "/sleep.php"})
			next := n.get("/index.php?next")
			for next.status == 504 {
				next = n.get("/index.php?next")
			}
			next.want(t, 200, "hello next")
		})
	}
	j.waitIdle()
	down := line{"msg": "worker", "to": "down", "reason": "request-timeout"}
	eventually(t, "every worker recycled for request-timeout is in the log", func() bool {
		return uint64(len(j.log.lines(0, down))) == j.pool().Recycles[pool.ReasonRequestTimeout]
	})
	down["uri"] = "/sleep.php"
	if n := len(j.log.lines(0, down)); n != len(fronts) {
		t.Errorf("%d workers recycled for %d requests that took too long", n, len(fronts))
	}
}

// TestQueueFull: over the queue's length the answer is 503 with Retry-After, and who waits is served.
func TestQueueFull(t *testing.T) {
	j := startJPM(t, site{workers: "max = 1", queue: fmt.Sprintf("length = 1\ntimeout = %q", patience)})
	n := j.front("fastcgi_keep_conn on;")
	running := n.start("/until.php?file=full")
	j.busy(1)
	waiting := n.start("/index.php?waits")
	eventually(t, "a request waits", func() bool { return j.pool().Queue.Length == 1 })
	n.get("/index.php").overload(t)
	j.write("site/full", "")
	(<-running).want(t, 200, "it is there")
	(<-waiting).want(t, 200, "hello waits")
	if q := j.pool().Queue; q.Full != 1 || q.Timeouts != 0 {
		t.Errorf("queue counts %d full and %d timeouts, want 1 and 0", q.Full, q.Timeouts)
	}
}

// TestQueueTimeout: over its time it is the same.
func TestQueueTimeout(t *testing.T) {
	j := startJPM(t, site{workers: "max = 1", queue: "length = 1\ntimeout = \"500ms\""})
	n := j.front("fastcgi_keep_conn on;")
	running := n.start("/until.php?file=timeout")
	j.busy(1)
	n.get("/index.php").overload(t)
	j.write("site/timeout", "")
	(<-running).want(t, 200, "it is there")
	if q := j.pool().Queue; q.Full != 0 || q.Timeouts != 1 {
		t.Errorf("queue counts %d full and %d timeouts, want 0 and 1", q.Full, q.Timeouts)
	}
	j.waitIdle()
	n.get("/index.php?next").want(t, 200, "hello next")
}

// overload fails the test unless the answer is 503 and says when to come again.
func (a answer) overload(t *testing.T) {
	t.Helper()
	a.want(t, 503, "")
	if a.header.Get("Retry-After") == "" {
		t.Errorf("no Retry-After in %v", a.header)
	}
}

// TestMaxRequests: workers are replaced after so many requests and no request fails of it.
func TestMaxRequests(t *testing.T) {
	j := startJPM(t, site{workers: "max = 2\nmax_requests = 5"})
	for _, front := range fronts {
		t.Run(front.name, func(t *testing.T) {
			n := j.front(front.options)
			for range 60 {
				n.get("/index.php?x").want(t, 200, "hello x")
			}
		})
	}
	j.waitIdle()
	p := j.pool()
	if got, want := p.Recycles[pool.ReasonMaxRequests], uint64(len(fronts)*60/5-1); got < want {
		t.Errorf("%d workers recycled for max-requests, want at least %d", got, want)
	}
	if p.Requests.Failed != 0 {
		t.Errorf("%d requests failed", p.Requests.Failed)
	}
}

// TestScripts: what may not be run is refused before a worker sees it, and logged.
func TestScripts(t *testing.T) {
	dir := tempDir(t)
	if err := os.Mkdir(dir+"/uploads", 0o777); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{
		"/index.php": "hello", "/uploads/shell.php": "<?php echo 'owned';", "/page.html": "<?php echo 'owned';",
	} {
		if err := os.WriteFile(dir+path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	j := startJPM(t, site{root: dir, jail: `write = ["` + dir + `/uploads"]`})
	tests := []struct{ name, script, reason string }{
		{"outside", "/etc/passwd", "outside"},
		{"other site", "/srv/other/index.php", "outside"},
		{"climb", dir + "/../../etc/passwd.php", "outside"},
		{"sibling with the root's name in front", dir + "-other/x.php", "outside"},
		{"upload", dir + "/uploads/shell.php", "writable"},
		{"upload by a detour", dir + "/x/../uploads/./shell.php", "writable"},
		{"extension", dir + "/page.html", "extension"},
		{"path info", dir + "/page.html/x", "extension"},
		{"relative", "index.php", "absolute"},
		{"behind apache's prefix", "proxy:fcgi://x/etc/passwd", "outside"},
		{"none", "", "SCRIPT_FILENAME"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			mark := j.log.mark()
			a := j.exchange(simple(1, false, "SCRIPT_FILENAME", test.script, "REQUEST_METHOD", "GET", "REQUEST_URI", "/"))
			if !strings.HasPrefix(a.stdout, "Status: 403") {
				t.Errorf("got %q, want 403", clip(a.stdout))
			}
			j.log.wait(t, mark, line{"pool": "site", "status": 403, "error": test.reason})
		})
	}
	if served := j.pool().Requests.Accepted; served != 0 {
		t.Errorf("%d requests came to the pool", served)
	}
	a := j.exchange(simple(1, false, "SCRIPT_FILENAME", "proxy:fcgi://x"+dir+"/index.php", "REQUEST_METHOD", "GET", "REQUEST_URI", "/"))
	if !strings.HasSuffix(a.stdout, "hello") {
		t.Errorf("with apache's prefix: got %q, want the page", clip(a.stdout))
	}
	n := startNginx(t, j.socket("site"), dir, "")
	n.get("/uploads/shell.php").want(t, http.StatusForbidden, "")
	n.get("/index.php").want(t, 200, "hello")
}

// TestSharedTmp: the workers of a pool share one /tmp, which is the pool's own.
func TestSharedTmp(t *testing.T) {
	dir := tempDir(t)
	script := `<?php
if (isset($_GET["write"])) { file_put_contents("/tmp/note", "a note"); echo "written"; exit; }
echo @file_get_contents("/tmp/note") ?: "no note";`
	if err := os.WriteFile(dir+"/tmp.php", []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	j := startJPM(t,
		site{root: dir, workers: "max = 2\nmax_requests = 1"},
		site{name: "other", user: neighbourID, root: dir, workers: "max = 1"})
	n := startNginx(t, j.socket("site"), dir, "")
	n.get("/tmp.php?write").want(t, 200, "written")
	for range 4 { // each by another worker
		n.get("/tmp.php").want(t, 200, "a note")
	}
	startNginx(t, j.socket("other"), dir, "").get("/tmp.php").want(t, 200, "no note")
	if _, err := os.Stat("/tmp/note"); err == nil {
		t.Error("the note is in the machine's /tmp")
	}
}
