//go:build integration

package peers

import (
	"encoding/binary"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"testing"
)

// tap stands between a web server and the relay, and remembers which records the web server sends.
type tap struct {
	unix string

	mu      sync.Mutex
	conns   int    // guarded by mu: connections so far
	records []told // guarded by mu
	most    int    // guarded by mu: requests that were active on one connection at a time
}

// told is a record of the web server.
type told struct {
	conn int
	kind byte
	id   uint16
}

// listenIn makes a tap on a relay's socket.
func listenIn(t *testing.T, r *relay) *tap {
	t.Helper()
	p := &tap{unix: openDir(t) + "/tap.sock"}
	ln, err := net.Listen("unix", p.unix)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(p.unix, 0o666); err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	t.Cleanup(running.Wait)
	t.Cleanup(func() { _ = ln.Close() })
	running.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("unix", r.unix)
			if err != nil {
				_ = c.Close()
				t.Error(err)
				continue
			}
			running.Go(func() { p.pass(c, far) })
		}
	})
	return p
}

// pass passes records both ways until either side closes.
func (p *tap) pass(web, relay net.Conn) {
	p.mu.Lock()
	n := p.conns
	p.conns++
	p.mu.Unlock()
	active := map[uint16]bool{} // guarded by p.mu
	note := func(kind byte, id uint16) {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch kind {
		case beginRecord:
			active[id] = true
			p.most = max(p.most, len(active))
		case endRecord:
			delete(active, id)
			return
		case stdoutRecord, stderrRecord:
			return
		}
		p.records = append(p.records, told{n, kind, id})
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		copyRecords(relay, web, note)
		_ = relay.Close()
		_ = web.Close()
	}()
	copyRecords(web, relay, note)
	_ = relay.Close()
	_ = web.Close()
	<-done
}

// copyRecords copies until an error, and tells of each record before it is passed on.
func copyRecords(to io.Writer, from io.Reader, note func(kind byte, id uint16)) {
	for {
		var h [8]byte
		if _, err := io.ReadFull(from, h[:]); err != nil {
			return
		}
		rest := make([]byte, int(binary.BigEndian.Uint16(h[4:]))+int(h[6]))
		if _, err := io.ReadFull(from, rest); err != nil {
			return
		}
		note(h[1], binary.BigEndian.Uint16(h[2:]))
		if _, err := to.Write(append(h[:], rest...)); err != nil {
			return
		}
	}
}

// of is the records of a kind.
func (p *tap) of(kind byte) []told {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.records), func(r told) bool { return r.kind != kind })
}

// atOnce is how many requests were active on one connection at a time.
func (p *tap) atOnce() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.most
}
