package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"jpm/test/vm/task"
)

// results are what the machine has told so far.
type results struct {
	all   []*result // in the order of the tasks
	other []string  // lines about no task
	done  bool
}

// result is that of one task.
type result struct {
	name                    string
	lines                   []string
	passed, failed, skipped int
	exit                    *int // nil: it has not ended
}

func newResults(tasks []task.Task) *results {
	r := new(results)
	for _, t := range tasks {
		r.all = append(r.all, &result{name: t.Name})
	}
	return r
}

var verdict = regexp.MustCompile(`^--- (PASS|FAIL|SKIP): `)

// add takes an event and returns the result that is complete by it, or nil.
func (r *results) add(e task.Event) *result {
	if e.Done {
		r.done = true
		return nil
	}
	for _, one := range r.all {
		if one.name != e.Task {
			continue
		}
		if e.Line != nil {
			one.line(*e.Line)
		}
		if e.Exit != nil {
			one.exit = e.Exit
			return one
		}
		return nil
	}
	r.other = append(r.other, fmt.Sprintf("an event of an unknown task: %+v", e))
	return nil
}

func (r *result) line(s string) {
	r.lines = append(r.lines, s)
	if m := verdict.FindStringSubmatch(s); m != nil {
		switch m[1] {
		case "PASS":
			r.passed++
		case "FAIL":
			r.failed++
		case "SKIP":
			r.skipped++
		}
	}
}

// ok: it ended well, and there was something to end.
func (r *result) ok() bool { return r.exit != nil && *r.exit == 0 && r.passed > 0 && r.failed == 0 }

// String is one line.
func (r *result) String() string {
	state := "ok"
	switch {
	case r.exit == nil:
		state = "NOT RUN TO ITS END"
	case !r.ok():
		state = fmt.Sprintf("FAILED, exit code %d", *r.exit)
	}
	return fmt.Sprintf("%s: %s; %d passed, %d failed, %d skipped", r.name, state, r.passed, r.failed, r.skipped)
}

// write writes all that the task said.
func (r *result) write(w io.Writer) {
	fmt.Fprintf(w, "=== %s\n%s\n", r, strings.Join(r.lines, "\n"))
}

// save writes all that was said, and what the console showed, to a file.
func (r *results) save(file string, console []byte) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	for _, one := range r.all {
		one.write(f)
	}
	fmt.Fprintf(f, "=== the console\n%s\n%s\n", console, r)
	return f.Close()
}

// ok: every task ended well.
func (r *results) ok() bool {
	for _, one := range r.all {
		if !one.ok() {
			return false
		}
	}
	return r.done && len(r.other) == 0
}

// String is the line at the end.
func (r *results) String() string {
	var good, passed, failed, skipped int
	for _, one := range r.all {
		if one.ok() {
			good++
		}
		passed, failed, skipped = passed+one.passed, failed+one.failed, skipped+one.skipped
	}
	return fmt.Sprintf("vm: %d of %d tasks ended well: %d tests passed, %d failed, %d skipped", good, len(r.all), passed, failed, skipped)
}
