// Command bench compares jpm with Debian's php-fpm and with others, side by side on one machine.
//
// Most rows start two servers, four workers each, behind one nginx, and drive them in turn: a short run against php-fpm, a short run against jpm, and so on.
// Each such pair gives one ratio jpm:php-fpm, and a row's value is the median of its ratios. What happens to the machine for longer than
// a pair (another load, a clock change) hits both sides and cancels out. Load comes from wrk, whose clients wait for their answers (wrk.go), or, where
// latency at a given rate is the question, from a generator that waits for nobody (openloop.go). Other rows start single workers, run one of
// jpm's Go benchmarks, or look at the proxy's memory. What a row compares, and what it should come to, is in rows.go.
//
// It needs root (php-fpm and jpm change users, smaps_rollup of foreign processes) and the packages that ./setup installs.
// The environment is its only input:
//
//	ROWS=a,b       rows to run, by name (default: all; see rows.go)
//	SECONDS=n      length of one run (default 3)
//	PAIRS=n        pairs of runs in each experiment (default 8)
//	BENCH_JSON=f   also write every number to the file f
//
// Each row ends as a line "ratio ROW VALUE" on standard output, or "difference ROW VALUE" or "value ROW VALUE" where it is none; a table of all rows, as
// docs/benchmarks.md has it, comes last. A row with a failed request, with sides that answer differently, or with a server that is not installed has
// no value: it ends as "fail ROW REASON", and the exit status is 1. A missed target is no failure.
package main
