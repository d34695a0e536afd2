package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
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
		fmt.Fprintf(os.Stderr, "  %-20s %s%s\n", row.Name, row.What, goal(row.Target))
	}
}

// goal is a target behind a row's description.
func goal(t Target) string {
	if t == (Target{}) {
		return ""
	}
	return " (" + t.String() + ")"
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
			row, err := findRow(strings.TrimSpace(name))
			if err != nil {
				return options{}, err
			}
			opts.rows = append(opts.rows, row)
		}
	}
	return opts, nil
}
