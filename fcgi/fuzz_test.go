package fcgi

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// cuts feeds b in pieces chosen by seed to take. A seed of 0 gives one piece, 1 gives bytes.
func cuts(b []byte, seed uint64, take func(piece []byte) bool) {
	r := rand.New(rand.NewPCG(seed, 7))
	for len(b) > 0 {
		n := len(b)
		switch {
		case seed == 1:
			n = 1
		case seed > 1:
			n = 1 + r.IntN(min(len(b), 1+r.IntN(70)))
		}
		if !take(b[:n]) {
			return
		}
		b = b[n:]
	}
}

// parsed is what a client's stream comes to, whatever the pieces.
type parsed struct {
	events  strings.Builder
	toReply []byte
	worker  []byte
}

// parse runs a parser over the stream as a client's connection does, with the body going through input. A request ends when it is complete.
func parse(b []byte, seed uint64) *parsed {
	out := &parsed{}
	limits := Limits{MaxParams: 100_000, MaxBody: 1 << 20}
	p := parser{limits: &limits, maxConns: 5, maxReqs: 3, open: func() *stream { return new(stream) }}
	var req Request
	note := func(s string) { out.events.WriteString(s + "\n") }
	last := "" // content noted last, whose pieces do not matter
	cuts(b, seed, func(piece []byte) bool {
		buf := append(make([]byte, headerLen), piece...)
		var in input
		var to *stream
		flush := func() {
			if to != nil {
				out.worker = append(out.worker, in.records()...)
				to = nil
			}
		}
		defer flush()
		off := headerLen
		for {
			st, n, err := p.next(buf[off:])
			off += n
			s := p.s
			if s != to {
				flush()
			}
			if st != stepMore && st != stepContent {
				last = ""
			}
			switch {
			case err != nil:
				note("error " + err.Error())
				return false
			case st == stepMore:
				if off != len(buf) {
					note("bug: bytes left")
				}
				return true
			case st == stepReply || st == stepClose:
				out.toReply = append(out.toReply, p.reply...)
				if st == stepClose {
					note("close")
					return false
				}
			case st == stepHead:
				note("head")
				r := s.refusal
				if r == nil {
					r = req.decode(s.frame.params, &limits)
				}
				if r != nil {
					note(r.Error())
					p.finish(s)
				} else {
					out.worker = append(out.worker, s.frame.out...)
				}
			case st == stepContent || st == stepEOF:
				from := off
				if st == stepContent {
					from -= p.size
				}
				if what := fmt.Sprint("input ", st, s.id, p.w.kind); what != last {
					last = what
					note(what)
				}
				if to == nil {
					to = s
					in.reset(buf)
				}
				in.add(p.w.kind, s.id, from, off)
			case st == stepAbort, st == stepBody:
				note(fmt.Sprint("end ", st, s.id))
				p.finish(s)
			}
			if s != nil && p.s == s && s.complete {
				flush()
				note("complete")
				p.finish(s)
			}
		}
	})
	return out
}

// merge joins neighbouring records of the same stream, as their number may depend on the cuts.
func merge(t testing.TB, b []byte) []byte {
	t.Helper()
	var out []byte
	last := -1
	for len(b) > 0 {
		if len(b) < headerLen || len(b) < readHeader(b).size() {
			t.Fatalf("a worker was sent half a record: %s", show(b))
		}
		h := readHeader(b)
		if h.padding != 0 || h.version != version1 {
			t.Fatalf("a worker was sent %s", show(b[:h.size()]))
		}
		content := b[headerLen:h.size()]
		if (h.kind == recStdin || h.kind == recData) && last >= 0 && out[last+1] == h.kind && h.length > 0 && bytes.Equal(out[last+2:last+4], b[2:4]) {
			out = append(out, content...) // lengths are summed up by being there
		} else {
			last = -1
			if h.length > 0 && (h.kind == recStdin || h.kind == recData) {
				last = len(out)
				out = append(out, version1, h.kind, b[2], b[3], 0, 0, 0, 0)
				out = append(out, content...)
			} else {
				out = append(out, b[:h.size()]...)
			}
		}
		b = b[h.size():]
	}
	return out
}

// FuzzRecords has a client send any bytes: the result does not depend on how they are cut, and a worker gets only whole records.
func FuzzRecords(f *testing.F) {
	f.Add(get(1, 1), uint64(1))
	f.Add(join(probe, get(1, 0), post(2, 1, "5", "hello"), rec(77, 0, "x", 3)), uint64(2))
	f.Add(join(begin(1, Filter, 1), oneByOne(recParams, 1, pairs("A", "b")), rec(recParams, 1, "", 9), rec(recStdin, 1, "a", 8), rec(recStdin, 1, "", 255), rec(recData, 1, "b"), rec(recData, 1, "")), uint64(3))
	f.Add(join(begin(1, Responder, 1), begin(2, Responder, 1), begin(3, 9, 0), rec(recParams, 1, ""), rec(recAbortRequest, 1, "")), uint64(4))
	f.Add(join(begin(1, Authorizer, 1), rec(recParams, 1, pairs("CONTENT_LENGTH", "x")), rec(recParams, 1, ""), rec(recStdin, 1, "")), uint64(5))
	f.Add(join(begin(1, Responder, 1), rec(recParams, 1, strings.Repeat(pairs("NAME", strings.Repeat("v", 300)), 200)), rec(recParams, 1, strings.Repeat(pairs("N", strings.Repeat("v", 30)), 900)), rec(recParams, 1, "")), uint64(6))
	f.Add(join(begin(1, Responder, 1), rec(recParams, 1, "\xff\xff\xff\xff\xff\xff\xff\xffA"), rec(recParams, 1, "")), uint64(7))
	f.Fuzz(func(t *testing.T, b []byte, seed uint64) {
		one := parse(b, 0)
		for _, s := range []uint64{1, 2 + seed} {
			cut := parse(b, s)
			if cut.events.String() != one.events.String() {
				t.Fatalf("cut gives\n%s\nwhole gives\n%s", cut.events.String(), one.events.String())
			}
			if !bytes.Equal(cut.toReply, one.toReply) {
				t.Fatalf("cut replies %s\nwhole replies %s", show(cut.toReply), show(one.toReply))
			}
			if x, y := merge(t, cut.worker), merge(t, one.worker); !bytes.Equal(x, y) {
				t.Fatalf("cut sends %s\nwhole sends %s", show(x), show(y))
			}
		}
	})
}

// FuzzParams takes any bytes for a name-value stream: what is decoded encodes to the same pairs, slices stay within the bytes,
// and records cut from it hold whole pairs.
func FuzzParams(f *testing.F) {
	f.Add([]byte(pairs("REQUEST_METHOD", "GET", "A", "")))
	f.Add([]byte(long("A", "b") + pairs("CONTENT_LENGTH", "12")))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xffAB"))
	f.Add([]byte("\x80\x00\x00\x01\x00A"))
	f.Add([]byte{0x80})
	f.Add([]byte(strings.Repeat(pairs("NAME", strings.Repeat("v", 3000)), 60)))
	f.Fuzz(func(t *testing.T, b []byte) {
		var again []byte
		total := 0
		rest := b
		for len(rest) > 0 {
			name, value, r, err := nextPair(rest)
			if err != nil {
				if !errors.Is(err, errPair) {
					t.Fatal(err)
				}
				break
			}
			if used := len(rest) - len(r); used < 2+len(name)+len(value) || used > 8+len(name)+len(value) {
				t.Fatalf("a pair of %d and %d bytes took %d", len(name), len(value), used)
			}
			again = appendPair(again, string(name), string(value))
			total += len(name) + len(value)
			rest = r
		}
		if total > len(b) {
			t.Fatalf("%d bytes of names and values in %d", total, len(b))
		}
		whole := len(rest) == 0
		var other []byte
		for rest := again; len(rest) > 0; {
			name, value, r, err := nextPair(rest)
			if err != nil {
				t.Fatalf("what was encoded does not decode: %v", err)
			}
			other = appendPair(other, string(name), string(value))
			rest = r
		}
		if !bytes.Equal(again, other) {
			t.Fatal("decoding changed the pairs")
		}

		var fr frame
		fr.begin()
		defer fr.release()
		fr.addParams(b)
		if fr.seal(1, Responder) != nil {
			return
		}
		var joined []byte
		for out := fr.out[beginLen:]; len(out) > 0; {
			h := readHeader(out)
			c := out[headerLen:h.size()]
			joined = append(joined, c...)
			if len(b) > maxContent {
				for len(c) > 0 {
					var err error
					if _, _, c, err = nextPair(c); err != nil {
						t.Fatal("a pair is split over two records")
					}
				}
			}
			out = out[h.size():]
		}
		if !bytes.Equal(joined, b) {
			t.Fatal("framing changed the parameters")
		}

		var req Request
		limits := Limits{MaxBody: 1 << 30}
		if refusal := req.decode(b, &limits); refusal == nil && !whole {
			t.Fatal("a broken stream was taken")
		} else if refusal == nil && (req.Length < -1 || req.Length > limits.MaxBody) {
			t.Fatalf("length %d", req.Length)
		}
	})
}

// answered is what a worker's stream comes to.
type answered struct {
	out      []byte
	stderr   []byte
	err      error
	ended    bool
	trailing bool
	status   int
}

func respond(t testing.TB, b []byte, seed uint64) answered {
	var a answered
	var r response
	r.reset(1, func(e []byte) { a.stderr = append(a.stderr, e...) })
	defer r.release()
	left := b
	cuts(b, seed, func(piece []byte) bool {
		for len(piece) > 0 {
			space := r.space()
			if len(space) == 0 {
				t.Fatal("no space")
			}
			n := copy(space, piece)
			piece, left = piece[n:], left[n:]
			if a.err = r.advance(n); a.err != nil {
				return false
			}
			if a.ended = r.ended; a.ended {
				a.out = append(a.out, r.ready()...)
				return false
			}
			if len(r.ready()) > 0 && (seed != 2 || len(r.ready()) >= 64<<10) {
				a.out = append(a.out, r.ready()...)
				r.took(len(r.ready()))
			}
		}
		return true
	})
	if a.err == nil && !a.ended {
		a.out = append(a.out, r.ready()...)
	}
	a.trailing = r.trailing || a.ended && len(left) > 0
	a.status = r.header.status
	return a
}

// FuzzResponse has a worker answer any bytes: the result does not depend on how they are cut, only whole records for the request go on, the
// first of them holds a whole header block without orders to the web server, and none holds bytes of the worker's that mean nothing.
func FuzzResponse(f *testing.F) {
	f.Add(page(1, "hello"), uint64(3))
	f.Add(join(rec(recStderr, 1, "e", 3), rec(recStdout, 1, "Status: 404 x\r\nX-Sendfile: y\r\nA: b\r\n", 9), rec(recStderr, 1, ""), rec(recStdout, 1, "\r\nbody", 1), rec(recStdout, 1, "more", 7), rec(recStdout, 1, ""), end(1, 3, 0)), uint64(4))
	f.Add(join(oneByOne(recStdout, 1, "A: b\n\nbody"), rec(recEndRequest, 1, "\x00\x00\x00\x01\x02mem", 9), []byte("x")), uint64(5))
	f.Add(join(rec(recStdout, 1, strings.Repeat("A: b\n", 13000)), rec(recStdout, 1, "\n"+strings.Repeat("b", 60000), 255), rec(recStdout, 1, strings.Repeat("c", 65535), 255), end(1, 0, 0)), uint64(6))
	f.Add(join(rec(recStdout, 1, strings.Repeat("A: b\n", 14000)), end(1, 0, 0)), uint64(7))
	f.Add(join(rec(recStdout, 1, "A: b\n\n"), rec(recStdout, 1, ""), rec(recStdout, 1, "x")), uint64(8))
	f.Fuzz(func(t *testing.T, b []byte, seed uint64) {
		one := respond(t, b, 0)
		for _, s := range []uint64{1, 2, 3 + seed} {
			cut := respond(t, b, s)
			if (cut.err == nil) != (one.err == nil) || cut.err != nil && cut.err.Error() != one.err.Error() {
				t.Fatalf("cut fails with %v, whole with %v", cut.err, one.err)
			}
			if cut.ended != one.ended || cut.trailing != one.trailing || cut.status != one.status || !bytes.Equal(cut.stderr, one.stderr) {
				t.Fatalf("cut %+v\nwhole %+v", cut, one)
			}
			// Before an error, how much had become ready does depend on the cuts.
			if one.err == nil && !bytes.Equal(cut.out, one.out) {
				t.Fatalf("cut gives %s\nwhole gives %s", show(cut.out), show(one.out))
			}
			for _, x := range []answered{one, cut} {
				checkAnswer(t, x)
			}
		}
	})
}

// checkAnswer checks what would have gone to a client.
func checkAnswer(t testing.TB, a answered) {
	t.Helper()
	first, eof, ended := true, false, false
	for b := a.out; len(b) > 0; {
		if len(b) < headerLen || len(b) < readHeader(b).size() {
			t.Fatalf("half a record: %s", show(b))
		}
		h := readHeader(b)
		content, padding := b[headerLen:headerLen+int(h.length)], b[headerLen+int(h.length):h.size()]
		if ended || h.version != version1 || h.id != 1 || b[offReserved] != 0 || len(bytes.Trim(padding, "\x00")) > 0 {
			t.Fatalf("a client gets %s", show(b[:h.size()]))
		}
		switch h.kind {
		case recStdout:
			if eof {
				t.Fatal("STDOUT behind its end")
			}
			eof = h.length == 0
			if first {
				end := headerEnd(content, 0)
				if bytes.HasPrefix(content, []byte("\n")) || bytes.HasPrefix(content, []byte("\r\n")) {
					break // all of its lines were orders
				}
				if end < 0 {
					t.Fatalf("no whole header block: %s", show(b[:h.size()]))
				}
				if _, head, err := checkHeader(bytes.Clone(content[:end])); err != nil || head.dropped > 0 {
					t.Fatalf("header block %q: %v, %d orders", content[:end], err, head.dropped)
				}
			}
			first = false
		case recEndRequest:
			if h.length != bodyLen || len(bytes.Trim(content[5:], "\x00")) > 0 {
				t.Fatalf("a client gets %s", show(b[:h.size()]))
			}
			ended = true
		default:
			t.Fatalf("a client gets a record of type %d", h.kind)
		}
		b = b[h.size():]
	}
}
