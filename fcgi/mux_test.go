package fcgi

import (
	"bufio"
	"strings"
	"testing"
)

// TestMultiplex has several requests on one connection, answered in another order than they came.
func TestMultiplex(t *testing.T) {
	type asked struct {
		w  *worker
		id uint16
	}
	has := make(chan asked, 3)
	l := scripted(t, 3, func(w *worker, _ int) {
		for b := w.request(); b != nil; b = w.request() {
			has <- asked{w, readHeader(b).id}
		}
	})
	c := dial(t, listen(t, &Proxy{Pick: l.pick}))
	by := map[uint16]*worker{}
	// One write, and the second and third are mixed.
	c.send(get(1, flagKeep),
		begin(3, Responder, flagKeep), begin(5, Responder, flagKeep),
		rec(recParams, 3, pairs("REQUEST_METHOD", "POST", "CONTENT_LENGTH", "3")), rec(recParams, 5, pairs("REQUEST_METHOD", "POST", "CONTENT_LENGTH", "5")),
		rec(recParams, 5, ""), rec(recStdin, 5, "fi"), rec(recParams, 3, ""), rec(recStdin, 3, "one"), rec(recStdin, 5, "ve!"), rec(recStdin, 5, ""), rec(recStdin, 3, ""))
	for range 3 {
		a := <-has
		by[a.id] = a.w
	}
	by[5].say(page(5, "five"))
	c.want(page(5, "five"))
	head := rec(recStdout, 3, "A: b\r\n\r\n")
	by[3].say(head)
	c.want(head)
	by[1].say(page(1, "one"))
	c.want(page(1, "one"))
	// The id is free again while another request runs.
	c.send(get(5, flagKeep))
	by[5] = (<-has).w
	by[3].say(rec(recStdout, 3, "three"), end(3, 0, 0))
	c.want(rec(recStdout, 3, "three"), end(3, 0, 0))
	by[5].say(page(5, "again"))
	c.want(page(5, "again"))
	l.wantOutcomes(t, Reuse, Reuse, Reuse, Reuse)
}

// TestMultiplexQueue has more requests on one connection than workers, and one that gives up.
func TestMultiplexQueue(t *testing.T) {
	has, now := make(chan struct{}, 1), make(chan struct{})
	l := scripted(t, 1, slow(has, now))
	c := dial(t, listen(t, &Proxy{Pick: l.pick}))
	c.send(get(1, flagKeep), get(2, flagKeep), get(3, flagKeep))
	<-has
	l.wantQueue(t, 2, 0)
	c.send(rec(recAbortRequest, 2, ""))
	c.want(end(2, 0, 0))
	l.wantQueue(t, 1, 1)
	now <- struct{}{}
	c.want(page(1, "ok"))
	<-has
	now <- struct{}{}
	c.want(page(3, "ok"))
	l.wantOutcomes(t, Reuse, Reuse)
}

// TestMultiplexLimit has one request too many.
func TestMultiplexLimit(t *testing.T) {
	l := scripted(t, 1, func(w *worker, _ int) { w.request(); w.request() })
	c := dial(t, listen(t, &Proxy{Pick: l.pick}))
	for id := range uint16(maxStreams) {
		c.send(get(id+1, flagKeep))
	}
	c.send(get(maxStreams+1, flagKeep))
	c.want(end(maxStreams+1, 0, statusCantMpxConn))
	c.wantOpen()
}

// TestMultiplexHeads begins more requests than may be incomplete.
func TestMultiplexHeads(t *testing.T) {
	l := scripted(t, 1, echo)
	c := dial(t, listen(t, &Proxy{Pick: l.pick}))
	for id := range uint16(maxHeads) {
		c.send(begin(id+1, Responder, flagKeep))
	}
	c.send(begin(99, Responder, flagKeep))
	c.want(end(99, 0, statusCantMpxConn))
	c.send(rec(recParams, 1, ""), rec(recStdin, 1, ""))
	c.want(page(1, "ok"))
	c.send(get(99, flagKeep))
	c.want(page(99, "ok"))
}

// TestMultiplexLast closes the connection behind the last answer, when one of the requests does not keep it.
func TestMultiplexLast(t *testing.T) {
	has, now := make(chan struct{}, 2), make(chan struct{})
	l := scripted(t, 2, slow(has, now))
	c := dial(t, listen(t, &Proxy{Pick: l.pick}))
	c.send(get(1, flagKeep))
	<-has
	c.send(get(1<<15, 0))
	<-has
	now <- struct{}{}
	now <- struct{}{}
	got := map[uint16]string{}
	w := &worker{t: t, r: bufio.NewReader(c)}
	for range 2 {
		for {
			h, b, err := w.record()
			if err != nil {
				t.Fatal(err)
			}
			got[h.id] += string(b[headerLen:])
			if h.kind == recEndRequest {
				break
			}
		}
	}
	for _, id := range []uint16{1, 1 << 15} {
		if !strings.Contains(got[id], "ok") {
			t.Errorf("request %d got %q", id, got[id])
		}
	}
	c.wantClosed()
}

// TestMultiplexBroken breaks one answer off: the client can be told by the connection only, so the others end as well.
func TestMultiplexBroken(t *testing.T) {
	has := make(chan struct{}, 2)
	l := scripted(t, 2, func(w *worker, n int) {
		b := w.request()
		if n == 0 {
			has <- struct{}{}
			w.request()
			return
		}
		w.say(rec(recStdout, readHeader(b).id, "A: b\r\n\r\nhalf"))
		has <- struct{}{}
	})
	c := dial(t, listen(t, &Proxy{Pick: l.pick}))
	c.send(get(1, flagKeep))
	<-has
	c.send(get(2, flagKeep))
	<-has
	c.want(rec(recStdout, 2, "A: b\r\n\r\nhalf"), make([]byte, headerLen))
	c.wantClosed()
	l.wantOutcomes(t, Lost, Reconnect)
}

// TestMultiplexSlowReader has a client that reads nothing while two answers larger than all buffers come: their records are not mixed.
func TestMultiplexSlowReader(t *testing.T) {
	const records = 40
	text := strings.Repeat("x", 60000)
	l := scripted(t, 2, func(w *worker, _ int) {
		id := readHeader(w.request()).id
		w.say(rec(recStdout, id, "A: b\r\n\r\n"))
		for range records {
			w.say(rec(recStdout, id, text, 7))
		}
		w.say(end(id, 0, 0))
		w.request()
	})
	c := dial(t, listen(t, &Proxy{Pick: l.pick}))
	c.send(get(1, flagKeep), get(2, flagKeep))
	c.send(probe)
	r := &worker{t: t, r: bufio.NewReader(c)}
	content, ended := map[uint16]int{}, 0
	for ended < 2 {
		h, b, err := r.record()
		if err != nil {
			t.Fatal(err)
		}
		switch h.kind {
		case recStdout:
			content[h.id] += strings.Count(string(b[headerLen:]), "x")
		case recEndRequest:
			ended++
		case recGetValuesResult:
		default:
			t.Fatalf("record of type %d", h.kind)
		}
	}
	for id := range uint16(2) {
		if got := content[id+1]; got != records*len(text) {
			t.Errorf("request %d got %d bytes", id+1, got)
		}
	}
	l.wantOutcomes(t, Reuse, Reuse)
}
