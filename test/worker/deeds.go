package main

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// FastCGI 1.0's record types, those that are used here.
const (
	typeBegin           = 1
	typeEnd             = 3
	typeParams          = 4
	typeStdin           = 5
	typeStdout          = 6
	typeStderr          = 7
	typeGetValuesResult = 10
)

// request is a request and where its answer goes.
type request struct {
	conn   net.Conn
	id     uint16
	params map[string]string
}

// deeds are what a request may ask for. Each returns whether the connection goes on.
var deeds = map[string]func(*request) bool{
	"hello":         hello,
	"syscall":       makeSyscall,
	"silent":        func(*request) bool { time.Sleep(time.Hour); return false },
	"exit":          func(*request) bool { os.Exit(3); return false },
	"close":         func(*request) bool { return false },
	"half header":   func(r *request) bool { r.raw("\x01\x06\x00"); return false },
	"half record":   func(r *request) bool { r.raw(record(typeStdout, r.id, page("x"))[:20]); return false },
	"half answer":   func(r *request) bool { r.out(typeStdout, page(strings.Repeat("x", 1<<15))); return false },
	"wrong version": func(r *request) bool { r.raw("\x02" + record(typeStdout, r.id, page("x"))[1:]); return true },
	"wrong id":      func(r *request) bool { r.id++; return hello(r) },
	"id zero":       func(r *request) bool { r.id = 0; return hello(r) },
	"unknown type":  func(r *request) bool { r.out(99, "what is this"); return hello(r) },
	"values":        func(r *request) bool { r.id0(typeGetValuesResult, "\x0e\x01FCGI_MAX_CONNS1"); return hello(r) },
	"begin":         func(r *request) bool { r.out(typeBegin, "\x00\x01\x01\x00\x00\x00\x00\x00"); return hello(r) },
	"short end":     func(r *request) bool { r.out(typeStdout, page("x")); r.out(typeEnd, "\x00"); return true },
	"long end": func(r *request) bool {
		r.out(typeStdout, page("x"))
		r.out(typeEnd, strings.Repeat("\x00", 4096))
		return true
	},
	"two ends":       func(r *request) bool { hello(r); r.out(typeEnd, end); return true },
	"only end":       func(r *request) bool { r.out(typeEnd, end); return true },
	"leftover":       func(r *request) bool { hello(r); r.out(typeStdout, "and more"); return true },
	"garbage":        func(r *request) bool { r.raw(strings.Repeat("\xff", 1<<16)); return true },
	"no header":      func(r *request) bool { r.out(typeStdout, "no header at all"); r.out(typeEnd, end); return true },
	"endless header": func(r *request) bool { return r.forever("X-Long: " + strings.Repeat("x", 1<<14)) },
	"bad header": func(r *request) bool {
		r.out(typeStdout, "Content-Type: a\x00b\r\nno colon here\r\n\r\nx")
		r.out(typeEnd, end)
		return true
	},
	"bad status": func(r *request) bool {
		r.out(typeStdout, "Status: 99999999999\r\n\r\nx")
		r.out(typeEnd, end)
		return true
	},
	"accel": func(r *request) bool {
		r.out(typeStdout, "X-Accel-Redirect: /secret\r\nX-Sendfile: /etc/shadow\r\n"+page("x"))
		r.out(typeEnd, end)
		return true
	},
	"endless stderr": func(r *request) bool { return r.endlessErrors() },
	"tiny records":   tinyRecords,
	"full padding":   fullPadding,
	"late output":    func(r *request) bool { r.out(typeStdout, page("x")); r.out(typeStdout, ""); return hello(r) },
	"values bomb":    func(r *request) bool { r.id0(typeGetValuesResult, strings.Repeat("\xff", 8)); return hello(r) },
	"split header": func(r *request) bool {
		r.out(typeStdout, "A: b\rX-Accel-Redirect: /secret\r\n\r\nx")
		r.out(typeEnd, end)
		return true
	},
	"folded header": func(r *request) bool {
		r.out(typeStdout, "A: b\r\n X-Accel-Redirect: /secret\r\n\r\nx")
		r.out(typeEnd, end)
		return true
	},
	"no listener": func(r *request) bool { syscall.Close(0); hello(r); return false },
	"no output":   func(r *request) bool { syscall.Close(1); syscall.Close(2); return hello(r) },
	"big":         big,
	"flood":       func(r *request) bool { fmt.Fprintln(os.Stderr, strings.Repeat("flood ", 1<<16)); return hello(r) },
	"slow":        slow,
}

// end is the content of an END_REQUEST for a request that went well.
const end = "\x00\x00\x00\x00\x00\x00\x00\x00"

// page is a whole answer with this body.
func page(body string) string { return "Content-Type: text/plain\r\n\r\n" + body }

// hello answers as it should be.
func hello(r *request) bool {
	r.out(typeStdout, page("hello"))
	r.out(typeEnd, end)
	return true
}

// makeSyscall makes the system call NR with the arguments A0 to A5, 0 if they are not given, and says what came of it.
func makeSyscall(r *request) bool {
	number := func(name string) uintptr {
		n, _ := strconv.ParseUint(r.params[name], 0, 64)
		return uintptr(n)
	}
	_, _, errno := syscall.RawSyscall6(number("NR"), number("A0"), number("A1"), number("A2"), number("A3"), number("A4"), number("A5"))
	r.out(typeStdout, page(fmt.Sprintf("errno %d: %v", int(errno), errno)))
	r.out(typeEnd, end)
	return true
}

// tinyRecords answers a byte a record.
func tinyRecords(r *request) bool {
	for _, b := range []byte(page("hello")) {
		r.out(typeStdout, string(b))
	}
	r.out(typeStdout, "")
	r.out(typeEnd, end)
	return true
}

// fullPadding answers with as much padding as there can be, and with bytes in it.
func fullPadding(r *request) bool {
	for _, content := range []string{page(""), "hel", "lo"} {
		b := []byte(record(typeStdout, r.id, content))
		b[6], b[7] = 255, 255
		r.raw(string(b) + strings.Repeat("\xee", 255))
	}
	b := []byte(record(typeEnd, r.id, end))
	b[6] = 255
	return r.raw(string(b) + strings.Repeat("\xee", 255))
}

// big answers with the largest records there are.
func big(r *request) bool {
	r.out(typeStdout, page(""))
	for range 64 {
		r.out(typeStdout, strings.Repeat("x", 65535))
	}
	r.out(typeEnd, end)
	return true
}

// slow answers a byte every 50 ms for a second.
func slow(r *request) bool {
	r.out(typeStdout, page(""))
	for range 20 {
		time.Sleep(50 * time.Millisecond)
		r.out(typeStdout, "x")
	}
	r.out(typeEnd, end)
	return true
}

// raw writes bytes as they are.
func (r *request) raw(s string) bool {
	_, err := r.conn.Write([]byte(s))
	return err == nil
}

// out writes a record of the request.
func (r *request) out(kind byte, content string) bool { return r.raw(record(kind, r.id, content)) }

// id0 writes a management record.
func (r *request) id0(kind byte, content string) bool { return r.raw(record(kind, 0, content)) }

// forever writes header lines until the other side has enough.
func (r *request) forever(header string) bool {
	for r.out(typeStdout, header+"\r\n") {
	}
	return false
}

func (r *request) endlessErrors() bool {
	for r.out(typeStderr, strings.Repeat("it is wrong\n", 1000)) {
	}
	return false
}

func record(kind byte, id uint16, content string) string {
	h := []byte{1, kind, 0, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint16(h[2:], id)
	binary.BigEndian.PutUint16(h[4:], uint16(len(content)))
	return string(h) + content
}
