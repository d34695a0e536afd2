package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	flag.Usage = printUsage
	flag.Parse()
	opts, err := readOptions(os.Getenv)
	if err == nil && flag.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flag.Arg(0))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	err = bench(ctx, opts, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func printUsage() {
	fmt.Fprint(os.Stderr, "usage: [ROWS=a,b] [SECONDS=3] [PAIRS=8] [BENCH_JSON=file] go run ./test/bench    (as root; installs nothing: see test/bench/setup)\n\nrows:\n")
	for _, row := range rows {
		fmt.Fprintf(os.Stderr, "  %-18s %s\n", row.Name, row.What)
	}
}

// options is the environment, read.
type options struct {
	rows    []Row
	seconds int // of one run
	pairs   int
	json    string // a path, or "" for no file
}

// readOptions reads the environment. Unknown rows and numbers that are not positive are errors.
func readOptions(getenv func(string) string) (options, error) {
	opts := options{rows: rows, json: getenv("BENCH_JSON")}
	var err error
	if opts.seconds, err = strconv.Atoi(cmp.Or(getenv("SECONDS"), "3")); err != nil || opts.seconds < 1 {
		return options{}, fmt.Errorf("SECONDS=%q is no whole number of seconds", getenv("SECONDS"))
	}
	if opts.pairs, err = strconv.Atoi(cmp.Or(getenv("PAIRS"), "8")); err != nil || opts.pairs < 1 {
		return options{}, fmt.Errorf("PAIRS=%q is no whole number of pairs", getenv("PAIRS"))
	}
	if names := getenv("ROWS"); names != "" {
		opts.rows = nil
		for name := range strings.SplitSeq(names, ",") {
			i := slices.IndexFunc(rows, func(r Row) bool { return r.Name == strings.TrimSpace(name) })
			if i < 0 {
				return options{}, fmt.Errorf("ROWS: there is no row %q", name)
			}
			opts.rows = append(opts.rows, rows[i])
		}
	}
	return opts, nil
}

// errRowsFailed says that some rows have no value. Which and why is in the output.
var errRowsFailed = errors.New("rows failed")

// bench runs opts' rows: results go to out, what is being done to progress. It stops everything it has started before it returns, also when ctx ends.
func bench(ctx context.Context, opts options, out, progress io.Writer) (err error) {
	if os.Geteuid() != 0 {
		return errors.New("must run as root")
	}
	p, err := findPHP()
	if err != nil {
		return err
	}
	rep := Report{Machine: describeMachine(p), Seconds: opts.seconds, Pairs: opts.pairs}
	fmt.Fprintf(progress, "%d rows, %d pairs of %d s runs, %s x %d\n", len(opts.rows), opts.pairs, opts.seconds, rep.Machine.CPU, rep.Machine.CPUs)

	var scenarios []Scenario
	var variants []Variant
	for _, row := range opts.rows {
		scenarios = appendNew(scenarios, row.Scenario)
		variants = appendNew(variants, row.Scenario.A)
		variants = appendNew(variants, row.Scenario.B)
	}
	s, err := startStand(ctx, p, variants)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()

	failed := false
	for _, sc := range scenarios {
		fmt.Fprintf(progress, "%s, %d clients, %s and %s:", sc.Page, sc.Clients, sc.A, sc.B)
		res, err := s.measure(ctx, sc, opts.pairs, time.Duration(opts.seconds)*time.Second, rep.Machine.CPUs,
			func(pair int) { fmt.Fprintf(progress, " %d", pair) })
		fmt.Fprintln(progress)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			printScenario(out, sc, res)
			rep.Runs = append(rep.Runs, ScenarioReport{sc.A.String(), sc.B.String(), sc.Page, sc.Clients, res.A, res.B, res.Disturbed})
		}
		for _, row := range opts.rows {
			if row.Scenario != sc {
				continue
			}
			r := reportRow(row, res, err)
			printRow(out, row, r)
			rep.Rows = append(rep.Rows, r)
			failed = failed || r.Ratio == nil
		}
	}
	if opts.json != "" {
		if err := writeJSON(opts.json, rep); err != nil {
			return err
		}
	}
	if failed {
		return errRowsFailed
	}
	return nil
}

// reportRow computes a row from its scenario's runs; err is why there are none.
func reportRow(row Row, res Result, err error) RowReport {
	rep := RowReport{Name: row.Name, What: row.What, Unit: row.Metric.Unit}
	var a, b []float64
	for i := range res.A {
		a, b = append(a, row.Metric.Of(res.A[i])), append(b, row.Metric.Of(res.B[i]))
	}
	var r Ratio
	if err == nil {
		r, err = ratio(a, b)
	}
	if err != nil {
		rep.Failed = err.Error()
		return rep
	}
	rep.A, rep.B, rep.Ratio = median(a), median(b), &r
	return rep
}

// appendNew appends v unless list has it.
func appendNew[T comparable](list []T, v T) []T {
	if slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}
