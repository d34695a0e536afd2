package main

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

func TestRows(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range rows {
		if seen[row.Name] || row.Name == "" || strings.ContainsAny(row.Name, " ,\n") {
			t.Errorf("row %q: the name is taken, empty or not selectable", row.Name)
		}
		seen[row.Name] = true
		if _, err := pages.Open("pages/" + row.Scenario.Page); err != nil {
			t.Errorf("row %s: %v", row.Name, err)
		}
		if row.What == "" || row.Metric.Of == nil || row.Scenario.Clients < 1 {
			t.Errorf("row %s is not whole: %+v", row.Name, row)
		}
	}
}

func TestReadOptions(t *testing.T) {
	env := func(m map[string]string) func(string) string { return func(k string) string { return m[k] } }
	opts, err := readOptions(env(nil))
	if err != nil || len(opts.rows) != len(rows) || opts.seconds != 3 || opts.pairs != 8 || opts.json != "" {
		t.Errorf("readOptions of nothing = %+v, %v", opts, err)
	}
	opts, err = readOptions(env(map[string]string{"ROWS": "page, noise", "SECONDS": "5", "PAIRS": "2", "BENCH_JSON": "/x"}))
	if err != nil || len(opts.rows) != 2 || opts.rows[0].Name != "page" || opts.rows[1].Name != "noise" || opts.seconds != 5 || opts.pairs != 2 || opts.json != "/x" {
		t.Errorf("readOptions = %+v, %v", opts, err)
	}
	for _, bad := range []map[string]string{{"ROWS": "pages"}, {"ROWS": "page,"}, {"SECONDS": "0"}, {"SECONDS": "1.5"}, {"PAIRS": "-1"}} {
		if opts, err := readOptions(env(bad)); err == nil {
			t.Errorf("readOptions(%v) = %+v, want an error", bad, opts)
		}
	}
}

func TestReportRow(t *testing.T) {
	run := func(nginx, php float64) Run {
		return Run{CPU: map[string]float64{"nginx": nginx, "php": php}, Load: Load{P99: time.Millisecond}}
	}
	row := Row{Name: "r", What: "this and that", Metric: cpu}
	res := Result{A: []Run{run(30, 70), run(40, 80)}, B: []Run{run(20, 60), run(20, 70)}}

	got := reportRow(row, res, nil)
	if got.Ratio == nil || got.A != 110 || got.B != 85 || math.Abs(got.Ratio.Value-0.775) > 1e-9 {
		t.Errorf("reportRow = %+v, %+v, want 110, 85, ratio 0.775", got, got.Ratio)
	}
	var out bytes.Buffer
	printRow(&out, row, got)
	if !strings.HasSuffix(out.String(), "\nratio r 0.775\n") {
		t.Errorf("printRow = %q, want a last line with the ratio", out.String())
	}

	for name, got := range map[string]RowReport{
		"failed request": reportRow(row, Result{}, errors.New("Non-2xx\nor 3xx")),
		"no number":      reportRow(Row{Name: "r", Metric: pss}, res, nil),
	} {
		out.Reset()
		printRow(&out, row, got)
		if got.Ratio != nil || got.Failed == "" || !strings.HasPrefix(out.String(), "fail r ") || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%s: %+v is printed as %q, want one line of failure", name, got, out.String())
		}
	}
}

func TestRoles(t *testing.T) {
	s := &server{service: testService(t, "sleep", "1000"), master: "m", rest: "other", roles: map[string]string{"php-cgi": "w"}}
	for name, want := range map[string]string{"php-cgi8.2": "w", "jpm": "other"} {
		if got := s.role(process{pid: 1, name: name}); got != want {
			t.Errorf("role(%s) = %q, want %q", name, got, want)
		}
	}
	if got := s.role(process{pid: s.cmd.Process.Pid, name: "php-cgi"}); got != "m" {
		t.Errorf("role of the server itself = %q, want m", got)
	}
}
