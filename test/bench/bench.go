package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// errRowsFailed says that some rows have no value. Which and why is in the output.
var errRowsFailed = errors.New("rows failed")

// bench runs opts' rows: results go to out, what is being done to progress. It stops everything it has started before it returns, also when ctx ends.
// An experiment that fails costs its own rows, no others.
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
	r, err := newRig(ctx, p, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	r.told = func(pair int) { fmt.Fprintf(progress, " %d", pair) }

	for _, e := range experiments(opts.rows) {
		a, b := e.sides()
		fmt.Fprintf(progress, "%s, %s:", e, versus(a, b))
		start := time.Now()
		res, err := e.measure(ctx, r)
		took := time.Since(start)
		fmt.Fprintf(progress, " (%.0f s)\n", took.Seconds())
		if ctx.Err() != nil {
			return cmp.Or(err, ctx.Err())
		}
		if err == nil {
			printRuns(out, e, res)
			rep.Runs = append(rep.Runs, ExperimentReport{e.String(), a, b, res.A, res.B, res.Disturbed, took.Seconds()})
		}
		for _, row := range opts.rows {
			if row.Experiment != e {
				continue
			}
			reported := reportRow(row, res, err)
			printRow(out, reported)
			rep.Rows = append(rep.Rows, reported)
		}
	}
	printTable(out, rep.Rows)
	if opts.json != "" {
		if err := writeJSON(opts.json, rep); err != nil {
			return err
		}
	}
	for _, row := range rep.Rows {
		if row.Figure == nil {
			return errRowsFailed
		}
	}
	return nil
}

// experiments is what rows need, each once, in the order of the rows.
func experiments(rows []Row) []Experiment {
	var list []Experiment
	seen := map[Experiment]bool{}
	for _, row := range rows {
		if !seen[row.Experiment] {
			seen[row.Experiment] = true
			list = append(list, row.Experiment)
		}
	}
	return list
}
