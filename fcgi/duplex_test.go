package fcgi

import (
	"strings"
	"testing"
)

// TestFullDuplex has workers that answer before, while and after they read, with more than the sockets hold.
func TestFullDuplex(t *testing.T) {
	const size = 4 << 20
	body := strings.Repeat("0123456789abcdef", size/16)
	head := rec(recStdout, 1, "A: b\n\n")
	var big []byte
	for range size / maxContent {
		big = append(big, rec(recStdout, 1, body[:maxContent])...)
	}
	read := func(w *worker) int {
		total := 0
		for {
			h, _, err := w.record()
			if err != nil {
				return -1
			}
			if h.kind == recStdin {
				total += int(h.length)
				if h.length == 0 {
					return total
				}
			}
		}
	}
	tests := []struct {
		name   string
		script func(w *worker)
	}{
		{"reads, then answers", func(w *worker) { read(w); w.say(head, big, end(1, 0, 0)) }},
		{"answers, then reads", func(w *worker) { w.say(head, big); read(w); w.say(end(1, 0, 0)) }},
		{"both at once", func(w *worker) {
			done := make(chan int)
			go func() { done <- read(w) }()
			w.say(head, big)
			<-done
			w.say(end(1, 0, 0))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := scripted(t, 1, func(w *worker, _ int) {
				if _, _, err := w.record(); err == nil { // not before it is asked
					tt.script(w)
				}
				w.request()
			})
			c := dial(t, listen(t, &Proxy{Pick: l.pick}))
			go func() { _, _ = c.Write(post(1, flagKeep, "4194304", body)) }()
			c.want(head, big, end(1, 0, 0))
			l.wantOutcomes(t, Reuse)
			c.wantOpen()
		})
	}
}

func TestBodyOverTheLimit(t *testing.T) {
	for _, limit := range []int64{10_000, 2_000_000} { // within and beyond what is read before a worker is picked
		l := scripted(t, 1, func(w *worker, _ int) { w.request() })
		c := dial(t, listen(t, &Proxy{Pick: l.pick, Limits: Limits{MaxBody: limit}}))
		go func() { _, _ = c.Write(post(1, flagKeep, "", strings.Repeat("x", 3_000_000))) }()
		c.want(answer(1, 413))
		c.wantOpen()
		if limit < frameSize {
			l.wantOutcomes(t)
		} else {
			l.wantOutcomes(t, Reconnect)
		}
	}
}
