package fcgi

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// x is bytes as they are: hexadecimal, with spaces for the reader, and text in turn.
func x(parts ...string) []byte {
	var b []byte
	for i, s := range parts {
		if i%2 == 1 {
			b = append(b, s...)
			continue
		}
		h, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
		if err != nil {
			panic(err)
		}
		b = append(b, h...)
	}
	return b
}

// What a client does and sees.
var (
	// ask sends a GET, with KEEP_CONN and without it, and wants the worker to get it.
	ask = act{"ask", func(p *play) {
		sent(get(1, p.keep)).do(p)
		given(get(1, flagKeep)).do(p)
	}}
	// over wants the connection closed if ask has asked without KEEP_CONN.
	over = act{"over", func(p *play) {
		if p.keep == 0 {
			closed.do(p)
		} else {
			p.client.wantOpen()
		}
	}}
	closed = act{"closed", func(p *play) { p.t.Helper(); p.client.wantClosed() }}
	// broken wants an answer to end as no whole one can.
	broken = act{"broken", func(p *play) {
		got(x("00 00 0000 0000 00 00")).do(p)
		closed.do(p)
	}}
	// open wants the connection to serve on.
	open = act{"open", func(p *play) {
		p.flush()
		p.client.wantOpen()
		p.client.send(get(7, flagKeep))
		serve(7).do(p)
	}}
	// pause lets what was written last come by itself, and be dealt with: the proxy's thread takes events in the order in which they come, and
	// that of another connection comes last.
	pause     = act{"pause", func(p *play) { p.flush(); p.flushWorkers(); dial(p.t, p.path).wantOpen() }}
	hangUp    = act{"hangUp", func(p *play) { p.flush(); _ = p.client.Close() }}
	halfClose = act{"halfClose", func(p *play) {
		p.flush()
		if err := p.client.Conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
			p.t.Fatal(err)
		}
	}}
)

// flush waits until the client has written everything.
func (p *play) flush() {
	done := make(chan struct{})
	p.writes <- func() { close(done) }
	<-done
}

// flushWorkers waits until the workers have, or have quit.
func (p *play) flushWorkers() {
	for _, s := range p.conns {
		done := make(chan struct{})
		s.writes <- func() { close(done) }
		select {
		case <-done:
		case <-s.quit:
		}
	}
}

// sent has the client write.
func sent(b ...[]byte) act {
	return act{"sent", func(p *play) { p.writes <- func() { _, _ = p.client.Write(join(b...)) } }}
}

// got has the client read exactly this.
func got(b ...[]byte) act {
	return act{"got", func(p *play) { p.t.Helper(); p.client.want(b...) }}
}

// What a worker does and sees, on the connection that was made last, unless connection says which.
var (
	quit    = act{"quit", func(p *play) { p.stage().writes <- nil }} // it closes its connection
	dropped = act{"dropped", func(p *play) {
		if b, err := io.ReadAll(p.stage().r); len(b) > 0 || err != nil && !errors.Is(err, unix.ECONNRESET) {
			p.t.Fatalf("the worker got %s (%v), want the end", show(b), err)
		}
	}}
)

// connection has the worker's acts be about another connection, counted from 0, which may still be to come.
func connection(n int) act { return act{"connection", func(p *play) { p.at = n }} }

// given has the worker read exactly this.
func given(b ...[]byte) act {
	return act{"given", func(p *play) {
		p.t.Helper()
		want := join(b...)
		got := make([]byte, len(want))
		n, err := io.ReadFull(p.stage().r, got)
		if err != nil || !bytes.Equal(got, want) {
			p.t.Fatalf("the worker got %s (%v)\nwant %s", show(got[:n]), err, show(want))
		}
	}}
}

// givenAtOnce has the worker read exactly this in one piece.
func givenAtOnce(b ...[]byte) act {
	return act{"givenAtOnce", func(p *play) {
		got := make([]byte, 1<<18)
		n, err := p.stage().Read(got)
		if err != nil || !bytes.Equal(got[:n], join(b...)) {
			p.t.Fatalf("the worker got %s (%v)\nwant %s", show(got[:n]), err, show(join(b...)))
		}
	}}
}

// said has the worker write.
func said(b ...[]byte) act {
	return act{"said", func(p *play) { s := p.stage(); s.writes <- func() { s.say(b...) } }}
}

// saidByteByByte has the worker write byte by byte.
func saidByteByByte(b []byte) act {
	return act{"saidByteByByte", func(p *play) {
		for i := range b {
			said(b[i : i+1]).do(p)
		}
	}}
}

// serve has a worker read a whole request, on a new connection if the last one is closed, and answer; the client gets the answer.
func serve(id uint16) act {
	return act{"serve", func(p *play) {
		p.t.Helper()
		for p.stage().request() == nil {
			p.at++
		}
		said(page(id, "ok")).do(p)
		p.client.want(page(id, "ok"))
	}}
}

// queued waits until a request has found no worker.
var queued = act{"queued", func(p *play) { p.t.Helper(); p.lender.wantQueue(p.t, 1, 0) }}

// unreadInput says that the worker may have got input behind its answer: what comes at that moment may still be passed on.
var unreadInput = act{"unreadInput", func(p *play) { p.unreadInput = true }}

// What the pool and the operator are told.
var warned = act{"warned", func(p *play) { p.warned = true }}

// givenBack wants the only worker to have been given back in order, connected or not: a client that leaves at the end is no fault.
var givenBack = act{"givenBack", func(p *play) {
	for deadline := time.Now().Add(patienceOf); len(p.lender.outcomes()) < 1 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if o := p.lender.outcomes(); len(o) != 1 || o[0] != Reuse && o[0] != Reconnect {
		p.t.Fatalf("outcomes %v", o)
	}
}}

// found wants workers to have been given back so, in order.
func found(o ...Outcome) act {
	return act{"found", func(p *play) { p.t.Helper(); p.lender.wantOutcomes(p.t, o...) }}
}

// retried wants the last request to have been sent twice.
var retried = act{"retried", func(p *play) {
	p.lender.mu.Lock()
	defer p.lender.mu.Unlock()
	if n := len(p.lender.results); n == 0 || !p.lender.results[n-1].Retried {
		p.t.Error("the request was not retried")
	}
}}

// failed wants the only worker to have been given back so, with an error that is also logged.
func failed(o Outcome, target error) act {
	return act{"failed", func(p *play) {
		p.t.Helper()
		p.warned = true
		res := p.lender.wantOutcomes(p.t, o)[0]
		if !errors.Is(res.Err, target) {
			p.t.Fatalf("Done was told %v, want %v", res.Err, target)
		}
		for deadline := time.Now().Add(patienceOf); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			for _, e := range p.logs.All() {
				if e.ContextMap()["error"] == res.Err.Error() {
					return
				}
			}
		}
		p.t.Fatalf("%v is not logged", res.Err)
	}}
}

// complaint wants this of STDERR to have been told.
func complaint(s string) act {
	return act{"complaint", func(p *play) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if got := p.told.String(); got != s {
			p.t.Errorf("told %q of STDERR, want %q", got, s)
		}
	}}
}
