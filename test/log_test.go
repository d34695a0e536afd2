//go:build integration

package test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// logBuffer takes what a program prints. Any goroutine may use it.
type logBuffer struct {
	mu   sync.Mutex
	text []byte // guarded by mu
}

// Write implements io.Writer.
func (l *logBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, b...)
	return len(b), nil
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}

// mark is a place in the log to search from.
func (l *logBuffer) mark() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.text)
}

// line is one entry of jpm's log.
type line map[string]any

// has reports whether the entry has each field: a string is looked for in the field's text, anything else must be equal.
func (l line) has(want line) bool {
	for name, w := range want {
		got, ok := l[name]
		if !ok {
			return false
		}
		if s, isText := w.(string); isText {
			if !strings.Contains(fmt.Sprint(got), s) {
				return false
			}
			continue
		}
		if fmt.Sprint(got) != fmt.Sprint(w) {
			return false
		}
	}
	return true
}

// lines are the entries from mark on that have want's fields. What is no JSON is left out.
func (l *logBuffer) lines(mark int, want line) []line {
	l.mu.Lock()
	text := slices.Clone(l.text[mark:])
	l.mu.Unlock()
	var found []line
	for raw := range bytes.Lines(text) {
		var e line
		if json.Unmarshal(raw, &e) == nil && e.has(want) {
			found = append(found, e)
		}
	}
	return found
}

// wait waits for an entry from mark on that has want's fields, and returns the first.
func (l *logBuffer) wait(t *testing.T, mark int, want line) line {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if found := l.lines(mark, want); len(found) > 0 {
			return found[0]
		}
		if time.Now().After(deadline) {
			t.Fatalf("no log entry with %v in:\n%s", want, l.String()[mark:])
		}
	}
}
