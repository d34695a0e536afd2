package main

import (
	"bytes"
	"errors"
	"math"
	"slices"
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
		if row.What == "" || row.Metric.Of == nil || row.Metric.Unit == "" || row.Experiment == nil {
			t.Errorf("row %s is not whole: %+v", row.Name, row)
		}
		if a, b := row.Experiment.sides(); b == "" || (a == "") != (row.Kind == asValue) {
			t.Errorf("row %s is a %s of %q and %q", row.Name, row.Kind, a, b)
		}
		if sc, ok := row.Experiment.(Scenario); ok {
			checkScenario(t, row.Name, sc)
		}
	}
}

func checkScenario(t *testing.T, name string, sc Scenario) {
	t.Helper()
	for _, page := range []string{sc.Page, sc.Open.Slow} {
		if _, err := pages.Open("pages/" + page); err != nil && page != "" && sc.A.Site != dokuwiki && sc.A.Site != wordpress {
			t.Errorf("row %s: %v", name, err)
		}
	}
	switch {
	case sc.Clients < 1, sc.Page == "":
		t.Errorf("row %s: no load: %+v", name, sc)
	case sc.A.Site != sc.B.Site:
		t.Errorf("row %s compares %q with %q", name, sc.A.Site, sc.B.Site)
	case (sc.Upload > 0) != (sc.A.Site == uploads):
		t.Errorf("row %s uploads %d bytes to site %q", name, sc.Upload, sc.A.Site)
	case (sc.Open.Slow != "") != (sc.Open.SlowEvery > 0):
		t.Errorf("row %s: a slow page without a rate or the other way round: %+v", name, sc.Open)
	case sc.Open.PerSecond > 0 && sc.Open.Share > 0:
		t.Errorf("row %s has two rates: %+v", name, sc.Open)
	case sc.A.Program == fpm.Program && sc.A.Keep > 0 && (!sc.A.Pinned || sc.Clients > workers):
		t.Errorf("row %s: kept connections starve php-fpm", name)
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
	row := Row{Name: "r", What: "this and that", Metric: cpu, Target: atMost(0.7)}
	res := Result{A: []Run{run(30, 70), run(40, 80)}, B: []Run{run(20, 60), run(20, 70)}}

	got := reportRow(row, res, nil)
	if got.Figure == nil || got.A != 110 || got.B != 85 || math.Abs(got.Figure.Value-0.775) > 1e-9 || got.Verdict != "missed" {
		t.Errorf("reportRow = %+v, %+v, want 110, 85, ratio 0.775, missed", got, got.Figure)
	}
	if out := printed(got); !strings.HasSuffix(out, "\nratio r 0.775\n") || !strings.Contains(out, "target ≤ 0.70 missed") {
		t.Errorf("printRow = %q, want the target and a last line with the ratio", out)
	}

	alone := Row{Name: "r", Metric: startTime, Kind: asValue, Target: atMost(0)}
	got = reportRow(alone, Result{B: []Run{{}, {}}}, nil)
	if out := printed(got); got.Verdict != "reached" || !strings.HasSuffix(out, "\nvalue r 0.000\n") {
		t.Errorf("a row of one side: %+v is printed as %q", got, out)
	}

	for name, got := range map[string]RowReport{
		"failed request": reportRow(row, Result{}, errors.New("Non-2xx\nor 3xx")),
		"no number":      reportRow(Row{Name: "r", Metric: pss}, res, nil),
		"no runs":        reportRow(alone, Result{}, nil),
	} {
		out := printed(got)
		if got.Figure != nil || got.Failed == "" || !strings.HasPrefix(out, "fail r ") || strings.Count(out, "\n") != 1 {
			t.Errorf("%s: %+v is printed as %q, want one line of failure", name, got, out)
		}
	}
}

func printed(rep RowReport) string {
	var out bytes.Buffer
	printRow(&out, rep)
	return out.String()
}

func TestPrintTable(t *testing.T) {
	var out bytes.Buffer
	printTable(&out, []RowReport{
		{Name: "r", What: "ratio", Kind: "ratio", Unit: "ms", A: 2, B: 3, Figure: &Figure{Value: 1.5, Low: 1.25, High: 2}, Target: "≤ 1.10", Verdict: "missed"},
		{Name: "d", What: "difference", Kind: "difference", Unit: "ms", A: 40, B: 45, Figure: &Figure{Value: 5, Low: 4, High: 6}},
		{Name: "v", What: "value", Kind: "value", Unit: "MiB", B: 7, Figure: &Figure{Value: 7, Low: 7, High: 7}, Target: "≤ 8.00", Verdict: "reached"},
		{Name: "f", What: "failed", Failed: "no uWSGI", Target: "≤ 1.00"},
	})
	const want = `
| row | what | other | jpm | figure | target | |
|---|---|---|---|---|---|---|
| r | ratio | 2.000 ms | 3.000 ms | **1.50** (1.25–2.00) | ≤ 1.10 | missed |
| d | difference | 40.0 ms | 45.0 ms | **5.00** ms (4.00–6.00) |  |  |
| v | value |  | 7.000 MiB | **7.00** MiB (7.00–7.00) | ≤ 8.00 | reached |
| f | failed | | | failed | ≤ 1.00 | |
`
	if out.String() != want {
		t.Errorf("printTable:\n%s\nwant\n%s", out.String(), want)
	}
}

func TestExperimentsAreMadeOnce(t *testing.T) {
	a, b := Starts{A: bare, B: jailed}, Idle{Conns: 1}
	got := experiments([]Row{{Experiment: a}, {Experiment: b}, {Experiment: Starts{A: bare, B: jailed}}, {Experiment: Idle{Conns: 2}}})
	if want := []Experiment{a, b, Idle{Conns: 2}}; !slices.Equal(got, want) {
		t.Errorf("experiments = %v, want %v", got, want)
	}
}

func TestPair(t *testing.T) {
	// Every run of A is disturbed: a quarter as many pairs as asked for are made again, no more.
	calls := 0
	a := func() (Run, error) { calls++; return Run{Value: float64(calls), Foreign: 50}, nil }
	b := func() (Run, error) { return Run{Value: float64(-calls)}, nil }
	res, err := (&rig{pairs: 5, told: func(int) {}}).pair(a, b)
	if err != nil || res.Disturbed != 2 || len(res.A) != 5 || len(res.B) != 5 || calls != 7 {
		t.Fatalf("pair = %+v, %v after %d calls, want 5 pairs and 2 made again", res, err, calls)
	}
	for i := range res.A {
		if res.A[i].Value != -res.B[i].Value {
			t.Errorf("pair %d is of %v and %v", i, res.A[i], res.B[i])
		}
	}
	broken := errors.New("broken")
	if _, err := (&rig{pairs: 1, told: func(int) {}}).pair(a, func() (Run, error) { return Run{}, broken }); !errors.Is(err, broken) {
		t.Errorf("pair with a failing run = %v", err)
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
