package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// String is the variant in a reader's words.
func (v Variant) String() string {
	if v.Keep > 0 {
		return v.Server + " keep-alive"
	}
	return v.Server
}

// Report is what BENCH_JSON gets.
type Report struct {
	Machine Machine          `json:"machine"`
	Seconds int              `json:"seconds"` // of one run
	Pairs   int              `json:"pairs"`
	Rows    []RowReport      `json:"rows"`
	Runs    []ScenarioReport `json:"scenarios"`
}

// RowReport is one row's value, or why it has none.
type RowReport struct {
	Name   string  `json:"name"`
	What   string  `json:"what"`
	Unit   string  `json:"unit"`
	A      float64 `json:"a"` // median over the runs
	B      float64 `json:"b"`
	Ratio  *Ratio  `json:"ratio,omitempty"`
	Failed string  `json:"failed,omitempty"`
}

// ScenarioReport is every run of one scenario.
type ScenarioReport struct {
	A       string `json:"a"`
	B       string `json:"b"`
	Page    string `json:"page"`
	Clients int    `json:"clients"`
	RunsA   []Run  `json:"runs_a"`
	RunsB   []Run  `json:"runs_b"`
	// Disturbed is how many pairs were made again because of other load on the machine. Their runs are not here.
	Disturbed int `json:"disturbed"`
}

// Machine is what the numbers were made on and with.
type Machine struct {
	CPU      string            `json:"cpu"`
	CPUs     int               `json:"cpus"`
	Memory   uint64            `json:"memory_bytes"`
	Kernel   string            `json:"kernel"`
	Go       string            `json:"go"`
	Packages map[string]string `json:"packages"` // Debian's versions
}

// describeMachine finds out what it can; what it cannot stays empty.
func describeMachine(p php) Machine {
	m := Machine{CPUs: runtime.NumCPU(), Packages: map[string]string{}, Go: runtime.Version()}
	var uts unix.Utsname
	if unix.Uname(&uts) == nil {
		m.Kernel = unix.ByteSliceToString(uts.Release[:]) + " " + unix.ByteSliceToString(uts.Machine[:])
	}
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) == nil {
		m.Memory = uint64(info.Totalram) * uint64(info.Unit)
	}
	cpuinfo, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(cpuinfo)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			m.CPU = strings.TrimSpace(value)
			break
		}
	}
	version := strings.TrimPrefix(filepath.Base(p.cgi), "php-cgi")
	for _, name := range []string{"nginx", "wrk", "php" + version + "-fpm", "php" + version + "-cgi"} {
		if out, err := exec.Command("dpkg-query", "-W", "-f", "${Version}", name).Output(); err == nil {
			m.Packages[name] = string(out)
		}
	}
	return m
}

// printRow writes a row for people and, last, for programs.
func printRow(w io.Writer, row Row, rep RowReport) {
	if rep.Ratio == nil {
		fmt.Fprintf(w, "fail %s %s\n", row.Name, strings.ReplaceAll(rep.Failed, "\n", "; "))
		return
	}
	fmt.Fprintf(w, "  %s: %s\n    %s %s -> %s, half of the pairs between %.3f and %.3f, geometric mean %.3f\n",
		row.Name, row.What, number(rep.A), rep.Unit, number(rep.B), rep.Ratio.Low, rep.Ratio.High, rep.Ratio.GeoMean)
	fmt.Fprintf(w, "ratio %s %.3f\n", row.Name, rep.Ratio.Value)
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

// printScenario writes where the time and memory of a scenario's two sides went: medians over the runs.
func printScenario(w io.Writer, sc Scenario, res Result) {
	fmt.Fprintf(w, "\n%s, %d clients, %d pairs, %d disturbed ones made again\n", sc.Page, sc.Clients, len(res.A), res.Disturbed)
	printSide(w, sc.A, res.A)
	printSide(w, sc.B, res.B)
}

func printSide(w io.Writer, v Variant, runs []Run) {
	over := func(of func(Run) float64) float64 {
		var values []float64
		for _, r := range runs {
			values = append(values, of(r))
		}
		return median(values)
	}
	// The roles of every run are the same; only a server that starts anew during one could lack a role.
	parts := func(of func(Run) map[string]float64, format string) string {
		var words []string
		for _, role := range slices.Sorted(maps.Keys(of(runs[0]))) {
			words = append(words, fmt.Sprintf("%s "+format, role, over(func(r Run) float64 { return of(r)[role] })))
		}
		return strings.Join(words, ", ")
	}
	fmt.Fprintf(w, "  %s: %.0f requests/s, p50 %.2f ms, p99 %.2f ms, other load on the machine %.0f%%\n",
		v, over(rate.Of), over(p50.Of), over(p99.Of), over(func(r Run) float64 { return r.Foreign }))
	fmt.Fprintf(w, "    CPU µs/request %.1f: %s\n", over(cpu.Of), parts(func(r Run) map[string]float64 { return r.CPU }, "%.1f"))
	fmt.Fprintf(w, "    PSS KiB, a worker %.0f: %s\n", over(pss.Of), parts(func(r Run) map[string]float64 { return r.PSS }, "%.0f"))
}

// writeJSON writes rep to a file.
func writeJSON(path string, rep Report) error {
	out, err := json.MarshalIndent(rep, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(out, '\n'), 0o644)
}
