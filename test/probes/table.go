package probes

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// count is how many lines have each verdict.
func (r *Report) count() map[Verdict]int {
	n := map[Verdict]int{}
	for _, l := range r.Lines {
		n[l.Verdict]++
	}
	return n
}

// Failed are the lines that did not hold.
func (r *Report) Failed() []Line {
	var failed []Line
	for _, l := range r.Lines {
		if l.Verdict == Failed {
			failed = append(failed, l)
		}
	}
	return failed
}

// fpm is the judgement of a line for php-fpm: only what a site there achieves, as nobody has to stop anything at a place of its own.
func (l *Line) fpm() Verdict {
	switch {
	case l.Verdict == NotApplicable || l.Limited:
		return NotApplicable
	case l.Stops == nil:
		return Open
	case l.through(l.FPM):
		return Failed
	}
	return Held
}

// Summary are the last lines of a report.
func (r *Report) Summary() string {
	var b strings.Builder
	n := r.count()
	if n[Open] > 0 {
		fmt.Fprintf(&b, "open by decision: %d (SECURITY.md)\n", n[Open])
	}
	if r.FPM {
		f := map[Verdict]int{}
		for _, l := range r.Lines {
			f[l.fpm()]++
		}
		fmt.Fprintf(&b, "php-fpm: %d held, %d got through, %d not applicable\n", f[Held], f[Failed], f[NotApplicable])
	}
	fmt.Fprintf(&b, "probes: %d held, %d failed, %d not applicable\n", n[Held], n[Failed], n[NotApplicable])
	return b.String()
}

var columns = []string{"id", "it tries to", "by", "unjailed", "in the jail", "stopped by", "verdict", "php-fpm"}

func (r *Report) cells(l *Line) []string {
	unjailed := l.Unjailed
	switch {
	case l.Bare == Never:
		unjailed = "not tried"
	case l.Bare != AsUser:
		unjailed += " (" + string(l.Bare) + ")"
	}
	verdict := string(l.Verdict)
	if l.Verdict == Failed {
		verdict += ": " + l.Note
	}
	by := string(l.By)
	if l.Needs != "" && by != "" {
		by += ", " + string(l.Needs)
	}
	fpm := l.FPM
	if r.FPM && l.Limited {
		fpm = "not tried"
	}
	if r.FPM && l.fpm() == Failed {
		fpm += " !"
	}
	return []string{l.ID, l.Tries, string(l.How), unjailed, l.Jailed, by, verdict, fpm}
}

// Print writes the table and the summary for a terminal.
func (r *Report) Print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(columns, "\t"))
	for i := range r.Lines {
		fmt.Fprintln(t, strings.Join(r.cells(&r.Lines[i]), "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(w, r.Summary())
	return err
}

// Markdown is the table and the summary for docs/probes.md.
func (r *Report) Markdown() string {
	var b strings.Builder
	row := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	row(columns)
	row(strings.Split(strings.Repeat("---,", len(columns)-1)+"---", ","))
	for i := range r.Lines {
		row(r.cells(&r.Lines[i]))
	}
	fmt.Fprintf(&b, "\n```\n%s```\n", r.Summary())
	return b.String()
}
