//go:build integration

package test

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"jpm/pool"
	"jpm/status"
)

// tried is a request that makes a denied call: kill(1, 0).
func tried(more ...string) string {
	return deed("syscall", append([]string{"NR", fmt.Sprint(unix.SYS_KILL), "A0", "1"}, more...)...)
}

// TestRecycleForDenials: a worker that makes too many denied calls is replaced, when its request is over or at once.
func TestRecycleForDenials(t *testing.T) {
	for _, c := range []struct {
		recycle string
		answers []string // of one denied call after the other
		exit    line     // of the worker, nil if it stays
	}{
		{`denials = 1`, []string{"errno 1:"}, line{"to": "down", "reason": "denied", "exit": 0}},
		{`denials = 3`, []string{"errno 1:", "errno 1:", "errno 1:"}, line{"to": "down", "reason": "denied"}},
		{`denials = 3`, []string{"errno 1:", "errno 1:"}, nil},
		{`denials = 1
		  action = "log"`, []string{"errno 1:", "errno 1:", "errno 1:"}, nil},
		{`denials = 0`, []string{"errno 1:", "errno 1:", "errno 1:"}, nil},
	} {
		t.Run(fmt.Sprintf("%s, %d calls", c.recycle, len(c.answers)), func(t *testing.T) {
			s := scripted()
			s.workers = "max = 1"
			s.pool = "recycle {\n" + c.recycle + "\n}"
			j := startJPM(t, s)
			j.waitIdle()
			before := j.pool().Workers[0].Pid
			mark := j.log.mark()
			for _, want := range c.answers {
				if a := j.exchange(tried()); !strings.Contains(a.stdout, want) {
					t.Errorf("got %q, want %q", clip(a.stdout), want)
				}
			}
			eventually(t, "each is an incident", func() bool {
				return len(j.log.lines(mark, line{"msg": "incident", "action": "denied", "uri": "/deed?syscall"})) >= len(c.answers)
			})
			if c.exit != nil {
				j.log.wait(t, mark, c.exit)
				if w := j.pool().Recycles[pool.ReasonDenied]; w != 1 {
					t.Errorf("recycled for denied: %d, want 1", w)
				}
			}
			if a := j.exchange(deed("hello")); !strings.Contains(a.stdout, "hello") {
				t.Errorf("the next request got %q", clip(a.stdout))
			}
			j.waitIdle()
			if now := j.pool().Workers[0].Pid; (now == before) != (c.exit == nil) {
				t.Errorf("the worker is %d, was %d", now, before)
			}
		})
	}
}

// TestKilledForDenials: with action kill the request that does it may fail, and the worker is gone at once.
func TestKilledForDenials(t *testing.T) {
	s := scripted()
	s.workers = "max = 1"
	s.pool = "recycle {\ndenials = 1\naction = \"kill\"\n}"
	j := startJPM(t, s)
	j.waitIdle()
	mark := j.log.mark()
	a := j.exchange(tried())
	if !strings.Contains(a.stdout, "errno 1:") && !strings.HasPrefix(a.stdout, "Status: 502") {
		t.Errorf("got %q, want the answer or 502", clip(a.stdout))
	}
	j.log.wait(t, mark, line{"msg": "worker", "to": "killing", "reason": "denied", "uri": "/deed?syscall"})
	j.log.wait(t, mark, line{"msg": "worker", "to": "down", "reason": "denied", "signal": "killed"})
}

// TestDenialsNameTheirRequest: however fast requests follow each other on a worker, an incident has the right one.
func TestDenialsNameTheirRequest(t *testing.T) {
	s := scripted()
	s.pool = "recycle {\ndenials = 0\n}"
	j := startJPM(t, s)
	j.waitIdle()
	mark := j.log.mark()
	const clients, rounds, every = 4, 100, 10
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for i := range rounds {
				do, uri := "hello", fmt.Sprintf("/honest/%d/%d", c, i)
				if i%every == 0 {
					do, uri = "syscall", fmt.Sprintf("/tried/%d/%d", c, i)
				}
				conn := j.dial("site")
				io.WriteString(conn, simple(1, false, "DO", do, "NR", fmt.Sprint(unix.SYS_KILL), "A0", "1", "REQUEST_METHOD", "POST",
					"REQUEST_URI", uri, "SCRIPT_FILENAME", "/app/deed", "REMOTE_ADDR", "192.0.2.7"))
				if a, err := readReply(conn, 1); err != nil || do == "syscall" && !strings.Contains(a.stdout, "errno 1:") {
					t.Errorf("%s: %v, %q", uri, err, clip(a.stdout))
				}
				conn.Close()
			}
		})
	}
	wg.Wait()
	const total = clients * rounds / every
	eventually(t, "all are told", func() bool { return len(j.log.lines(mark, line{"msg": "incident"})) >= total })
	seen := map[string]bool{}
	for _, l := range j.log.lines(mark, line{"msg": "incident"}) {
		uri := fmt.Sprint(l["uri"])
		if !strings.HasPrefix(uri, "/tried/") || seen[uri] {
			t.Errorf("an incident names %s, which made no denied call or one only", uri)
		}
		seen[uri] = true
	}
	if len(seen) != total {
		t.Errorf("%d requests are named, want %d", len(seen), total)
	}
}

// TestIncidentFile: incidents go to a file of their own, which is opened again on SIGUSR1.
func TestIncidentFile(t *testing.T) {
	j := newJPM(t, scripted())
	file := filepath.Join(j.dir, "incidents.log")
	text, err := os.ReadFile(filepath.Join(j.dir, "jpm.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	j.write("jpm.hcl", fmt.Sprintf("incidents {\n  output = %q\n}\n%s", file, text))
	j.start()
	t.Cleanup(j.stop)
	read := func(file string) []line {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var all []line
		for _, l := range strings.Split(strings.TrimSpace(string(b)), "\n") {
			var e line
			if l == "" {
				continue
			}
			if err := json.Unmarshal([]byte(l), &e); err != nil {
				t.Fatalf("%v in %q", err, l)
			}
			all = append(all, e)
		}
		return all
	}
	want := line{"msg": "incident", "pool": "site", "syscall": "kill", "arguments": "pid=1 sig=0", "uri": "/deed?syscall", "count": 1}
	j.exchange(tried())
	eventually(t, "the file has the incident", func() bool { l := read(file); return len(l) == 1 && l[0].has(want) })
	if st, err := os.Stat(file); err != nil || st.Mode().Perm()&^0o640 != 0 {
		t.Errorf("the file's mode is %v, error %v", st.Mode(), err)
	}
	if err := os.Rename(file, file+".1"); err != nil {
		t.Fatal(err)
	}
	j.signal(syscall.SIGUSR1)
	eventually(t, "the file is opened again", func() bool { _, err := os.Stat(file); return err == nil })
	j.exchange(tried())
	eventually(t, "the new file has an incident", func() bool {
		j.exchange(tried())
		return len(read(file)) > 0
	})
	if n := len(j.log.lines(0, line{"msg": "incident"})); n != 0 {
		t.Errorf("%d incidents in jpm's own log, want none", n)
	}
}

// TestIncidentsOfScripts: a request for a script that it may not name is an incident without a worker.
func TestIncidentsOfScripts(t *testing.T) {
	j := startJPM(t, site{})
	j.waitIdle()
	mark := j.log.mark()
	a := j.exchange(simple(1, false, "SCRIPT_FILENAME", "/etc/passwd", "REQUEST_METHOD", "GET", "REQUEST_URI", "/x", "REMOTE_ADDR", "192.0.2.7"))
	if !strings.HasPrefix(a.stdout, "Status: 403") {
		t.Errorf("got %q, want 403", clip(a.stdout))
	}
	j.log.wait(t, mark, line{"msg": "incident", "layer": "scripts", "action": "refused", "uri": "/x", "script": "/etc/passwd", "client": "192.0.2.7"})
	if all := j.incidents(); len(all) != 1 || all[0].Layer != status.Scripts || all[0].Worker != nil {
		t.Errorf("status shows %+v", all)
	}
}
