package logs

import (
	"io"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func observed() (*Output, *observer.ObservedLogs) {
	core, logs := observer.New(zap.DebugLevel)
	return NewOutput(zap.New(core), "worker output"), logs
}

func TestOutputLines(t *testing.T) {
	o, logs := observed()
	o.Write([]byte("one\r\n\ntwo\nthree"), zap.String("script", "/x.php"))
	var got []string
	for _, e := range logs.All() {
		got = append(got, e.ContextMap()["text"].(string))
		if e.ContextMap()["script"] != "/x.php" {
			t.Errorf("fields = %v, want the script", e.ContextMap())
		}
	}
	if want := "one|two|three"; strings.Join(got, "|") != want {
		t.Errorf("lines = %q, want %q", got, want)
	}
}

// A flood is read to its end, costs a bounded number of lines, and every line is either logged or counted.
func TestOutputFlood(t *testing.T) {
	o, logs := observed()
	const flood = 20 * outputBurst
	start := time.Now()
	o.Copy(io.NopCloser(strings.NewReader(strings.Repeat("x\n", flood))))
	var logged, dropped int64
	for _, e := range logs.All() {
		if n, ok := e.ContextMap()["lines"].(int64); ok {
			dropped += n
		} else {
			logged++
		}
	}
	if most := outputBurst + outputLines*int64(time.Since(start)/time.Second+1); logged < outputBurst || logged > most {
		t.Errorf("%d lines logged of a flood of %d, want %d to %d", logged, flood, outputBurst, most)
	}
	if sum := logged + dropped + o.dropped; sum != flood {
		t.Errorf("logged %d, dropped %d and %d: %d together, want %d", logged, dropped, o.dropped, sum, flood)
	}
}

func TestOutputLongLine(t *testing.T) {
	o, logs := observed()
	o.Copy(io.NopCloser(strings.NewReader(strings.Repeat("é", outputLine) + "\nnext\n")))
	all := logs.All()
	if len(all) != 2 {
		t.Fatalf("%d lines, want the long one cut and the next", len(all))
	}
	text := all[0].ContextMap()["text"].(string)
	if len(text) > outputLine || strings.Trim(text, "é") != "" || all[0].ContextMap()["cut"] != true {
		t.Errorf("long line has %d bytes, cut %v, ends in %q", len(text), all[0].ContextMap()["cut"], text[len(text)-4:])
	}
	if got := all[1].ContextMap()["text"]; got != "next" {
		t.Errorf("after it = %q, want next", got)
	}
}
