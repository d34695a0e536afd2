package logs

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"sync"
	"unicode/utf8"

	"go.uber.org/zap"
	"golang.org/x/time/rate"
)

// What a pool's workers may add to the log. Beyond it lines are counted, not written: a site that floods its log fills
// no disk, and never blocks on it either, because it is read all the same.
const (
	outputLines = 50  // a second
	outputBurst = 500 // lines
	outputLine  = 4096
)

// Output writes what less trusted processes print, line by line and as data, to the log. Any goroutine may use it.
type Output struct {
	log   *zap.Logger
	name  string
	limit *rate.Limiter

	mu      sync.Mutex
	dropped int64 // guarded by mu; since the last line that was written
}

// NewOutput makes an Output whose lines have the message name.
func NewOutput(log *zap.Logger, name string) *Output {
	return &Output{log: log, name: name, limit: rate.NewLimiter(outputLines, outputBurst)}
}

// Write logs each line of b. A line that is too long is cut.
func (o *Output) Write(b []byte, fields ...zap.Field) {
	for line := range bytes.SplitSeq(b, []byte{'\n'}) {
		o.line(bytes.TrimRight(line, "\r"), fields)
	}
}

func (o *Output) line(line []byte, fields []zap.Field) {
	if len(line) == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.limit.Allow() {
		o.dropped++
		return
	}
	if o.dropped > 0 {
		o.log.Warn(o.name+" dropped", zap.Int64("lines", o.dropped))
		o.dropped = 0
	}
	cut := len(line) > outputLine
	if cut {
		end := outputLine
		for end > outputLine-utf8.UTFMax && !utf8.RuneStart(line[end]) {
			end--
		}
		line = line[:end]
	}
	fields = append(fields[:len(fields):len(fields)], zap.String("text", string(line)))
	if cut {
		fields = append(fields, zap.Bool("cut", true))
	}
	o.log.Warn(o.name, fields...)
}

// Copy logs what r brings until its end, and closes it.
func (o *Output) Copy(r io.ReadCloser, fields ...zap.Field) {
	defer r.Close()
	br := bufio.NewReaderSize(r, outputLine+1)
	for {
		line, err := br.ReadSlice('\n')
		o.Write(line, fields...)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = br.ReadSlice('\n') // the rest of a line whose beginning is logged
		}
		if err != nil {
			return
		}
	}
}
