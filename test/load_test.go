//go:build integration

package test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// wrk's script: counts what is not 2xx by status, which wrk itself does not.
const countStatus = `
local threads = {}
function setup(thread) table.insert(threads, thread) end
function init(args) s4, s500, s502, s503, s504, other = 0, 0, 0, 0, 0, 0 end
function response(status)
  if status >= 200 and status < 300 then return
  elseif status == 500 then s500 = s500 + 1
  elseif status == 502 then s502 = s502 + 1
  elseif status == 503 then s503 = s503 + 1
  elseif status == 504 then s504 = s504 + 1
  else other = other + 1 end
end
function done(summary)
  local n = {s500 = 0, s502 = 0, s503 = 0, s504 = 0, other = 0}
  for _, thread in ipairs(threads) do
    for name in pairs(n) do n[name] = n[name] + thread:get(name) end
  end
  local e = summary.errors
  print(string.format("RESULT %d %d %d %d %d %d %d", summary.requests, n.s500, n.s502, n.s503, n.s504, n.other,
    e.connect + e.read + e.write + e.timeout))
end
`

// load is what 64 connections saw.
type load struct {
	requests                        int
	s500, s502, s503, s504, strange int // answers by status; strange is any other that is not 2xx
	broken                          int // connections that failed
}

func (l load) failed() int { return l.s500 + l.s502 + l.s503 + l.s504 }

var resultLine = regexp.MustCompile(`RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)`)

// startWrk sends requests over 64 connections for LOAD_SECONDS, 5 if it is not set.
func startWrk(t *testing.T, url string) <-chan load {
	t.Helper()
	seconds := 5
	if s := os.Getenv("LOAD_SECONDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		seconds = n
	}
	script := filepath.Join(tempDir(t), "count.lua")
	if err := os.WriteFile(script, []byte(countStatus), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("wrk", "-t", "2", "-c", "64", "-d", fmt.Sprintf("%ds", seconds), "--timeout", "10s", "-s", script, url)
	ch := make(chan load, 1)
	go func() {
		defer close(ch)
		out, err := cmd.CombinedOutput()
		m := resultLine.FindSubmatch(out)
		if err != nil || m == nil {
			t.Errorf("wrk: %v\n%s", err, out)
			return
		}
		var n [7]int
		for i := range n {
			n[i], _ = strconv.Atoi(string(m[i+1]))
		}
		t.Logf("wrk\n%s", out)
		ch <- load{n[0], n[1], n[2], n[3], n[4], n[5], n[6]}
	}()
	return ch
}

// TestLoad: no request fails, however many come.
func TestLoad(t *testing.T) {
	j := startJPM(t, site{})
	for _, front := range fronts[:2] {
		t.Run(front.name, func(t *testing.T) {
			n := j.front(front.options)
			l := <-startWrk(t, n.url+"/index.php?load")
			if l.failed()+l.strange+l.broken > 0 || l.requests == 0 {
				t.Errorf("%+v: want no failure", l)
			}
		})
	}
	j.waitIdle()
	if p := j.pool(); p.Requests.Failed != 0 || p.Bugs != 0 {
		t.Errorf("%d requests failed, %d bugs", p.Requests.Failed, p.Bugs)
	}
}

// TestLoadWhileWorkersDie: only requests in flight on a killed worker may fail, each with a 5xx and a line in the log.
func TestLoadWhileWorkersDie(t *testing.T) {
	j := startJPM(t, site{})
	for _, front := range fronts[:2] {
		t.Run(front.name, func(t *testing.T) {
			n := j.front(front.options)
			mark := j.log.mark()
			killed := 0
			running := startWrk(t, n.url+"/index.php?load")
			tick := time.NewTicker(time.Second)
			defer tick.Stop()
			var l load
			for done := false; !done; {
				select {
				case l = <-running:
					done = true
				case <-tick.C:
					workers := j.pool().Workers
					if w := workers[rand.IntN(len(workers))]; w.Pid > 0 {
						kill(t, w.Pid)
						killed++
					}
				}
			}
			if l.strange+l.broken > 0 || l.requests == 0 {
				t.Errorf("%+v: only answers of 5xx may fail", l)
			}
			if l.failed() > killed {
				t.Errorf("%+v: more requests failed than the %d workers that were killed", l, killed)
			}
			eventually(t, fmt.Sprintf("%d failed requests are in the log", l.failed()), func() bool {
				return len(j.log.lines(mark, line{"msg": "request", "pool": "site"})) >= l.failed()
			})
			if killed == 0 {
				t.Error("no worker was killed")
			}
		})
	}
	j.waitIdle()
	if p := j.pool(); p.Bugs != 0 {
		t.Errorf("%d bugs", p.Bugs)
	}
}
