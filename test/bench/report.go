package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// Report is what BENCH_JSON gets.
type Report struct {
	Machine Machine            `json:"machine"`
	Seconds int                `json:"seconds"` // of one run
	Pairs   int                `json:"pairs"`
	Rows    []RowReport        `json:"rows"`
	Runs    []ExperimentReport `json:"experiments"`
}

// RowReport is one row's figure, or why it has none.
type RowReport struct {
	Name   string  `json:"name"`
	What   string  `json:"what"`
	Kind   string  `json:"kind"` // ratio, difference or value
	Unit   string  `json:"unit"` // of A and B, and of a figure that is no ratio
	A      float64 `json:"a"`    // median over the runs; 0 where nothing is compared
	B      float64 `json:"b"`
	Figure *Figure `json:"figure,omitempty"`
	Failed string  `json:"failed,omitempty"`
	// Target is what the figure should be, such as "≤ 1.10", and Verdict is reached or missed. Both are "" without a target.
	Target  string `json:"target,omitempty"`
	Verdict string `json:"verdict,omitempty"`
}

// ExperimentReport is every run of one experiment.
type ExperimentReport struct {
	What  string `json:"what"`
	A     string `json:"a"` // "" where nothing is compared
	B     string `json:"b"`
	RunsA []Run  `json:"runs_a"`
	RunsB []Run  `json:"runs_b"`
	// Disturbed is how many pairs were made again because of other load on the machine. Their runs are not here.
	Disturbed int `json:"disturbed"`
	// Seconds is how long all of it took.
	Seconds float64 `json:"took_seconds"`
}

// reportRow computes a row from its experiment's runs; err is why there are none.
func reportRow(row Row, res Result, err error) RowReport {
	rep := RowReport{Name: row.Name, What: row.What, Kind: row.Kind.String(), Unit: row.Metric.Unit, Target: row.Target.String()}
	a, b := each(res.A, row.Metric.Of), each(res.B, row.Metric.Of)
	var f Figure
	if err == nil {
		f, err = figure(row.Kind, a, b)
	}
	if err != nil {
		rep.Failed = strings.ReplaceAll(err.Error(), "\n", "; ")
		return rep
	}
	if row.Kind != asValue {
		rep.A = median(a)
	}
	rep.B, rep.Figure, rep.Verdict = median(b), &f, row.Target.verdict(f.Value)
	return rep
}

// each is a number of each run.
func each(runs []Run, of func(Run) float64) []float64 {
	var values []float64
	for _, r := range runs {
		values = append(values, of(r))
	}
	return values
}

// versus names both sides of an experiment.
func versus(a, b string) string {
	if a == "" {
		return b
	}
	return b + " : " + a
}

// printRow writes a row for people and, in the last line, for programs: KIND ROW VALUE, and fail ROW REASON for a row without a figure.
func printRow(w io.Writer, rep RowReport) {
	if rep.Figure == nil {
		fmt.Fprintf(w, "fail %s %s\n", rep.Name, rep.Failed)
		return
	}
	fmt.Fprintf(w, "  %s: %s\n    ", rep.Name, rep.What)
	if rep.Kind != asValue.String() {
		fmt.Fprintf(w, "%s -> ", number(rep.A))
	}
	fmt.Fprintf(w, "%s %s, half of the pairs between %.3f and %.3f", number(rep.B), rep.Unit, rep.Figure.Low, rep.Figure.High)
	if rep.Figure.GeoMean > 0 {
		fmt.Fprintf(w, ", geometric mean %.3f", rep.Figure.GeoMean)
	}
	if rep.Target != "" {
		fmt.Fprintf(w, "; target %s %s", rep.Target, rep.Verdict)
	}
	fmt.Fprintf(w, "\n%s %s %.3f\n", rep.Kind, rep.Name, rep.Figure.Value)
}

// printTable writes all rows as the table that docs/benchmarks.md has.
func printTable(w io.Writer, rows []RowReport) {
	fmt.Fprint(w, "\n| row | what | other | jpm | figure | target | |\n|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		if r.Figure == nil {
			fmt.Fprintf(w, "| %s | %s | | | failed | %s | |\n", r.Name, r.What, r.Target)
			continue
		}
		other, unit := "", ""
		if r.Kind != asValue.String() {
			other = number(r.A) + " " + r.Unit
		}
		if r.Kind != asRatio.String() {
			unit = " " + r.Unit
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s %s | **%.2f**%s (%.2f–%.2f) | %s | %s |\n", r.Name, r.What, other, number(r.B), r.Unit,
			r.Figure.Value, unit, r.Figure.Low, r.Figure.High, r.Target, r.Verdict)
	}
}

// number is v with as many digits as a reader wants.
func number(v float64) string {
	switch {
	case v >= 1000:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.3f", v)
}

// printRuns writes where the time and memory of an experiment's two sides went: medians over the runs.
func printRuns(w io.Writer, e Experiment, res Result) {
	fmt.Fprintf(w, "\n%s, %d runs, %d disturbed pairs made again\n", e, len(res.A)+len(res.B), res.Disturbed)
	a, b := e.sides()
	printSide(w, a, res.A)
	printSide(w, b, res.B)
}

// printSide writes one side's runs, if they put load on something.
func printSide(w io.Writer, name string, runs []Run) {
	if len(runs) == 0 || runs[0].Load.Requests == 0 {
		return
	}
	over := func(of func(Run) float64) float64 { return median(each(runs, of)) }
	// The roles of every run are the same; only a server that starts anew during one could lack a role.
	parts := func(of func(Run) map[string]float64, format string) string {
		var words []string
		for _, role := range slices.Sorted(maps.Keys(of(runs[0]))) {
			words = append(words, fmt.Sprintf("%s "+format, role, over(func(r Run) float64 { return of(r)[role] })))
		}
		return strings.Join(words, ", ")
	}
	fmt.Fprintf(w, "  %s: %.0f requests/s", name, over(rate.Of))
	if runs[0].Load.P50 > 0 {
		fmt.Fprintf(w, ", p50 %.2f ms, p99 %.2f ms, load generator %.0f%% of a CPU", over(p50.Of), over(p99.Of), over(func(r Run) float64 { return r.Load.busy() }))
	}
	fmt.Fprintf(w, ", other load on the machine %.0f%%\n", over(func(r Run) float64 { return r.Foreign }))
	fmt.Fprintf(w, "    CPU µs/request %.1f: %s\n", over(cpu.Of), parts(func(r Run) map[string]float64 { return r.CPU }, "%.1f"))
	if runs[0].PSS != nil {
		fmt.Fprintf(w, "    PSS KiB, a worker %.0f: %s\n", over(pss.Of), parts(func(r Run) map[string]float64 { return r.PSS }, "%.0f"))
	}
}

// busy is how much of a CPU the generator took, in percent.
func (l Load) busy() float64 {
	if l.Requests == 0 {
		return 0
	}
	return 100 * l.CPU.Seconds() * l.Rate / float64(l.Requests)
}

// writeJSON writes rep to a file.
func writeJSON(path string, rep Report) error {
	out, err := json.MarshalIndent(rep, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(out, '\n'), 0o644)
}
