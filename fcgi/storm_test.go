package fcgi

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// tagOf finds the parameter by which a request of the storm is known.
func tagOf(request []byte) string {
	_, after, found := bytes.Cut(request, []byte("STORM_TAG"))
	if !found || len(after) < 12 {
		return ""
	}
	return string(after[:12])
}

// moody is a worker that answers well most of the time.
func moody(w *worker, _ int) {
	for {
		mood := rand.IntN(100)
		var first []byte
		if mood < 5 { // does not read all of it
			_, b, err := w.record()
			if err != nil {
				return
			}
			if _, params, err := w.record(); err == nil {
				first = append(b, params...)
			}
		} else if first = w.request(); first == nil {
			return
		}
		id, tag := readHeader(first).id, tagOf(first)
		good := join(rec(recStdout, id, "A: b\r\n\r\n"+tag, rand.IntN(9)), rec(recStdout, id, strings.Repeat(tag, rand.IntN(200)*rand.IntN(30))), end(id, 0, 0))
		if bytes.Contains(good, rec(recStdout, id, "")) {
			good = page(id, tag)
		}
		switch {
		case mood < 5:
			w.say(page(id, tag))
			return
		case mood < 10:
			return
		case mood < 15:
			w.say(good[:rand.IntN(len(good))])
			return
		case mood < 18:
			w.say(good, good)
		case mood < 20:
			w.say([]byte("garbage garbage garbage"))
		case mood < 22:
			time.Sleep(time.Duration(rand.IntN(int(2 * patience))))
			w.say(good)
		case mood < 60:
			for len(good) > 0 {
				n := min(len(good), 1+rand.IntN(5000))
				w.say(good[:n])
				good = good[n:]
			}
		default:
			w.say(good)
		}
	}
}

// stormClient sends requests in different ways and checks that it never gets somebody else's answer, nor a part of one that looks whole.
func stormClient(t testing.TB, path string, n int, whole *atomic.Int64, until time.Time) {
	var c net.Conn
	defer func() {
		if c != nil {
			_ = c.Close()
		}
	}()
	for i := 0; time.Now().Before(until); i++ {
		if c == nil {
			var err error
			if c, err = net.Dial("unix", path); err != nil {
				t.Error(err)
				return
			}
			_ = c.SetDeadline(until.Add(patienceOf))
		}
		tag := fmt.Sprintf("%04d%08d", n, i)
		id := uint16(1 + rand.IntN(9))
		keep := uint8(rand.IntN(2))
		body := strings.Repeat("b", rand.IntN(2)*rand.IntN(400_000))
		request := join(begin(id, Responder, keep), rec(recParams, id, pairs("REQUEST_METHOD", "GET", "STORM_TAG", tag, "CONTENT_LENGTH", fmt.Sprint(len(body)))), rec(recParams, id, ""))
		for b := body; len(b) > 0; {
			k := min(len(b), 1+rand.IntN(60_000))
			request = append(request, rec(recStdin, id, b[:k], rand.IntN(9))...)
			b = b[k:]
		}
		request = append(request, rec(recStdin, id, "")...)
		mood := rand.IntN(100)
		if mood < 10 { // leaves in the middle
			_, _ = c.Write(request[:rand.IntN(len(request))])
			time.Sleep(time.Duration(rand.IntN(int(patience))))
			_ = c.Close()
			c = nil
			continue
		}
		if mood < 20 { // gives up
			request = append(request, rec(recAbortRequest, id, "")...)
		}
		written := make(chan struct{})
		go func(c net.Conn) {
			defer close(written)
			for len(request) > 0 {
				k := len(request)
				if mood > 70 {
					k = min(k, 1+rand.IntN(50_000))
				}
				if _, err := c.Write(request[:k]); err != nil {
					return
				}
				request = request[k:]
			}
		}(c)
		out, ended := readAnswer(c, id)
		if !ended || keep == 0 {
			_ = c.Close()
			<-written
			c = nil
		} else {
			<-written
		}
		text := string(out)
		_, content, hasHeader := strings.Cut(text, "\r\n\r\n")
		switch {
		case strings.HasPrefix(text, "Status: 5"), !ended, mood >= 10 && mood < 20 && len(out) == 0:
		case !hasHeader || len(content) == 0 || strings.Trim(strings.ReplaceAll(content, tag, ""), " ") != "":
			if mood >= 10 && mood < 20 && strings.ReplaceAll(content, tag, "") == "" {
				break // given up between the header block and the body
			}
			t.Errorf("request %s got %.100q, ended %v, mood %d", tag, text, ended, mood)
			return
		default:
			whole.Add(1)
		}
	}
}

// readAnswer gives the content of STDOUT and whether the answer has its end.
func readAnswer(c net.Conn, id uint16) ([]byte, bool) {
	var out []byte
	h := make([]byte, headerLen)
	for {
		if _, err := io.ReadFull(c, h); err != nil {
			return out, false
		}
		head := readHeader(h)
		b := make([]byte, head.size()-headerLen)
		if _, err := io.ReadFull(c, b); err != nil || head.version != version1 || head.id != id {
			return out, false
		}
		switch head.kind {
		case recStdout:
			out = append(out, b[:head.length]...)
		case recEndRequest:
			return out, true
		}
	}
}

// TestStorm runs many clients, workers that misbehave, and time-outs against each other.
func TestStorm(t *testing.T) {
	l := scripted(t, 4, moody)
	var failed atomic.Int64
	var late sync.WaitGroup
	p := &Proxy{Limits: Limits{HeaderTimeout: time.Second}, Pick: func(r *Request) (Upstream, Waiter, error) {
		f := r.Handle()
		up, wait, err := l.pick(r)
		if err == nil {
			if rand.IntN(8) == 0 {
				late.Go(func() {
					time.Sleep(time.Duration(rand.IntN(int(patience))))
					failed.Add(1)
					f.Fail(ErrTimeout)
				})
			}
		}
		return up, wait, err
	}}
	path := listen(t, p)
	until := time.Now().Add(2 * time.Second)
	var whole atomic.Int64
	var running sync.WaitGroup
	for n := range 12 {
		running.Go(func() { stormClient(t, path, n, &whole, until) })
	}
	running.Wait()
	if err := p.Shutdown(context.Background()); err != nil { // nothing is picked any more
		t.Error(err)
	}
	late.Wait()
	for deadline := time.Now().Add(patienceOf); len(l.slots) < 4 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	l.mu.Lock()
	done, picked := len(l.results), l.lent
	count := map[Outcome]int{}
	for _, r := range l.results {
		count[r.Outcome]++
	}
	l.mu.Unlock()
	t.Logf("%d picked, %d failed, %d whole answers, outcomes %v", picked, failed.Load(), whole.Load(), count)
	if done != picked {
		t.Errorf("%d workers were given back of %d", done, picked)
	}
	if whole.Load() == 0 || count[Reuse] == 0 {
		t.Error("nothing worked")
	}
}
