package fcgi

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestHead checks what a worker is sent, byte by byte.
func TestHead(t *testing.T) {
	end := func(b []byte) []byte { return join(b, rec(recParams, 5, ""), rec(recStdin, 5, "")) }
	head := func(params ...string) []byte {
		b := begin(5, Responder, flagKeep)
		for _, p := range params {
			b = append(b, rec(recParams, 5, p)...)
		}
		return b
	}
	const most = maxContent
	// pair is one name-value pair of so many bytes.
	pair := func(name string, size int) string { return pairs(name, strings.Repeat("v", size-len(name)-5)) }
	split := func(s string, n int) []byte {
		b := begin(5, Responder, 0)
		for len(s) > 0 {
			b = append(b, rec(recParams, 5, s[:min(n, len(s))], 7)...)
			s = s[min(n, len(s)):]
		}
		return b
	}
	tests := []struct {
		name       string
		send, want []byte
	}{
		{"no parameters", end(begin(5, Responder, 0)), end(head())},
		{"one record", end(join(begin(5, Responder, 0), rec(recParams, 5, pairs("A", "b"), 3))), end(head(pairs("A", "b")))},
		{"a pair over two records", end(split(pairs("NAME", "value"), 3)), end(head(pairs("NAME", "value")))},
		{"one full record", end(join(begin(5, Responder, 0), rec(recParams, 5, pair("A", most), 1))), end(head(pair("A", most)))},
		{"a little more than a record", end(split(pair("A", most-1)+pairs("B", ""), 1000)), end(head(pair("A", most-1), pairs("B", "")))},
		{"four records", end(split(pair("A", 60000)+pair("B", 5535)+pairs("C", "")+pair("D", most)+pair("E", 20000), most)),
			end(head(pair("A", 60000)+pair("B", 5535), pairs("C", ""), pair("D", most), pair("E", 20000)))},
		{"more than a socket takes", end(split(strings.Repeat(pair("A", 50000), 18), most)), end(head(slices.Repeat([]string{pair("A", 50000)}, 18)...))},
		{"a body in pieces", join(begin(5, Responder, 0), rec(recParams, 5, pairs("CONTENT_LENGTH", "6")), rec(recParams, 5, ""), oneByOne(recStdin, 5, "abcdef"), rec(recStdin, 5, "", 9)),
			join(head(pairs("CONTENT_LENGTH", "6")), rec(recParams, 5, ""), rec(recStdin, 5, "abcdef"), rec(recStdin, 5, ""))},
		{"an Authorizer", join(begin(5, Authorizer, 0), rec(recParams, 5, pairs("A", "b")), rec(recParams, 5, "")),
			join(begin(5, Authorizer, flagKeep), rec(recParams, 5, pairs("A", "b")), rec(recParams, 5, ""), rec(recStdin, 5, ""))},
		{"a Filter", join(begin(5, Filter, 0), rec(recParams, 5, ""), rec(recStdin, 5, "a"), rec(recStdin, 5, "b", 2), rec(recStdin, 5, ""), rec(recData, 5, "c"), rec(recData, 5, "")),
			join(begin(5, Filter, flagKeep), rec(recParams, 5, ""), rec(recStdin, 5, "ab"), rec(recStdin, 5, ""), rec(recData, 5, "c"), rec(recData, 5, ""))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := make(chan []byte, 1)
			l := scripted(t, 1, func(w *worker, _ int) {
				b := w.request()
				got <- b
				w.say(page(5, "ok"))
				w.request()
			})
			c := dial(t, listen(t, &Proxy{Pick: l.pick, Limits: Limits{MaxParams: 1 << 20}}))
			c.send(tt.send)
			c.want(page(5, "ok"))
			if b := <-got; !bytes.Equal(b, tt.want) {
				t.Errorf("worker got %s\nwant %s", show(b), show(tt.want))
			}
		})
	}
}

func TestParameterThatFitsNoRecord(t *testing.T) {
	l := scripted(t, 1, echo)
	c := dial(t, listen(t, &Proxy{Pick: l.pick}))
	v := strings.Repeat("v", 70000)
	s := pairs("A", v)
	c.send(begin(1, Responder, flagKeep), rec(recParams, 1, s[:60000]), rec(recParams, 1, s[60000:]), rec(recParams, 1, ""))
	c.want(answer(1, 431))
	c.send(rec(recStdin, 1, ""))
	c.wantOpen()
	l.wantOutcomes(t)
}

func TestHeaderTimeout(t *testing.T) {
	l := scripted(t, 1, echo)
	path := listen(t, &Proxy{Pick: l.pick, Limits: Limits{HeaderTimeout: 50 * time.Millisecond}})
	c := dial(t, path)
	c.send(begin(1, Responder, flagKeep), rec(recParams, 1, "x"))
	c.want(answer(1, http.StatusRequestTimeout))
	c.wantClosed()
	c = dial(t, path)
	c.send([]byte{1, 1, 0})
	c.wantClosed()
	// At rest there is no limit, before the first request and behind it.
	c = dial(t, path)
	time.Sleep(100 * time.Millisecond)
	c.send(get(1, flagKeep))
	c.want(page(1, "ok"))
	time.Sleep(100 * time.Millisecond)
	c.send(get(1, flagKeep)[:20])
	time.Sleep(10 * time.Millisecond)
	c.send(get(1, flagKeep)[20:])
	c.want(page(1, "ok"))
}
