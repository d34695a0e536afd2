// Command bench compares jpm with Debian's php-fpm, side by side on one machine.
//
// It starts php-fpm and jpm, four workers each, behind one nginx, and drives them in turn with wrk: a short run
// against php-fpm, a short run against jpm, and so on. Each such pair gives one ratio jpm:php-fpm, and a row's value is the median of its
// ratios. What happens to the machine for longer than a pair (another load, a clock change) hits both sides and cancels out.
//
// It needs root (php-fpm and jpm change users, smaps_rollup of foreign processes) and the packages that ./setup installs.
// The environment is its only input:
//
//	ROWS=a,b       rows to run, by name (default: all; see rows.go)
//	SECONDS=n      length of one run (default 3)
//	PAIRS=n        pairs of runs in each scenario (default 8)
//	BENCH_JSON=f   also write every number to the file f
//
// Each row ends as a line "ratio ROW VALUE" on standard output. A row with a failed request, or with sides that answer differently, has
// no value: it ends as "fail ROW REASON", and the exit status is 1.
package main
