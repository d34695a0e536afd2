package main

import "fmt"

// Row is one line of the result: one metric of one experiment, as one figure. To add a row, add it to the table below.
type Row struct {
	// Name is what ROWS selects.
	Name string
	// What says in a few words what is compared.
	What string
	// Experiment is how the numbers are made. Rows with equal experiments share their runs.
	Experiment Experiment
	// Metric picks the number out of a run.
	Metric Metric
	// Target is what the figure should be.
	Target Target
	// Kind is how the numbers become the figure.
	Kind Kind
}

var (
	fpm     = Variant{Server: Server{Program: "php-fpm"}} // as Debian ships it
	uwsgi   = Variant{Server: Server{Program: "uwsgi"}}
	jpm     = Variant{Server: Server{Program: "jpm"}}
	jpmKeep = jpm.keep(32)

	small    = Scenario{A: fpm, B: jpmKeep, Page: "small.php", Clients: 16}
	small4   = Scenario{A: fpm, B: jpmKeep, Page: "small.php", Clients: 4}
	smallOne = Scenario{A: fpm, B: jpm, Page: "small.php", Clients: 16}
	// As many clients as php-fpm has children: it is at its best, and one more would starve.
	smallBest      = Scenario{A: fpm.keep(workers).pinned(), B: jpm.keep(workers).pinned(), Page: "small.php", Clients: workers}
	smallUWSGI     = Scenario{A: uwsgi, B: jpmKeep, Page: "small.php", Clients: 16}
	page           = Scenario{A: fpm, B: jpmKeep, Page: "page.php", Clients: 16}
	wiki           = Scenario{A: fpm.serving(dokuwiki), B: jpmKeep.serving(dokuwiki), Page: "doku.php?id=start", Clients: 16}
	wordpressFront = Scenario{A: fpm.serving(wordpress), B: jpmKeep.serving(wordpress), Page: "index.php", Clients: 16}
	pageLoad       = Scenario{A: fpm, B: jpmKeep, Page: "page.php", Clients: 64, Open: Open{Share: 0.7}}
	// Three slow requests a second occupy three of the four workers.
	mixed       = Scenario{A: fpm, B: jpmKeep, Page: "small.php", Clients: 64, Open: Open{PerSecond: 30, Slow: "slow.php", SlowEvery: 10, Stretch: 2}}
	mibResponse = Scenario{A: fpm, B: jpmKeep, Page: "mib.php", Clients: 16}
	mibUpload   = Scenario{A: fpm.serving(uploads), B: jpmKeep.serving(uploads), Page: "upload.php", Clients: workers, Upload: 10 << 20}
	same        = Scenario{A: fpm, B: fpm, Page: "small.php", Clients: 16}

	startBareJail = Starts{A: bare, B: jailed}
)

// rows is every row there is, in the order in which they run.
var rows = []Row{
	{"small-keepalive", "CPU per small request, 16 clients, jpm kept alive", small, cpu, atMost(0.90), asRatio},
	{"rate-small", "small requests per second, 16 clients, jpm kept alive", small, rate, atLeast(1.10), asRatio},
	{"p50-small", "median latency, same runs", small, p50, Target{}, asRatio},
	{"p99-small", "99th percentile latency, same runs", small, p99, Target{}, asRatio},
	{"pss-worker", "memory (PSS) per worker, same runs", small, pss, Target{}, asRatio},
	{"small-keepalive-4", "CPU per small request, 4 clients, jpm kept alive", small4, cpu, atMost(1.10), asRatio},
	{"p50-small-4", "median latency, same runs", small4, p50, Target{}, asRatio},
	{"p99-small-4", "99th percentile latency, same runs", small4, p99, Target{}, asRatio},
	{"small-plain", "CPU per small request, 16 clients, nothing kept alive", smallOne, cpu, atMost(1.10), asRatio},
	{"rate-plain", "small requests per second, same runs", smallOne, rate, Target{}, asRatio},
	{"small-best", "CPU per small request, 4 clients, both kept alive", smallBest, cpu, atMost(1.15), asRatio},
	{"small-uwsgi", "CPU per small request, 16 clients, jpm kept alive : uWSGI", smallUWSGI, cpu, atMost(1.15), asRatio},
	{"page", "CPU per 30 KB page, 16 clients, jpm kept alive", page, cpu, Target{}, asRatio},
	{"rate-page", "30 KB pages per second, same runs", page, rate, Target{}, asRatio},
	{"p99-page", "99th percentile latency, same runs", page, p99, Target{}, asRatio},
	{"rate-dokuwiki", "DokuWiki's start page per second, 16 clients, jpm kept alive", wiki, rate, atLeast(0.98), asRatio},
	{"wordpress", "WordPress' front page per second, 16 clients, jpm kept alive", wordpressFront, rate, atLeast(0.98), asRatio},
	{"p99-load", "99th percentile latency of 30 KB pages at 70 % of php-fpm's saturation", pageLoad, p99, atMost(1), asRatio},
	{"p99-mixed", "99th percentile latency of a small page while 10 % of requests take 1 s", mixed, p99, atMost(1), asRatio},
	{"mib-response", "CPU per response of 1 MiB, 16 clients, jpm kept alive", mibResponse, cpu, atMost(1.10), asRatio},
	{"mib-upload", "CPU per upload of 10 MiB, 4 clients, jpm kept alive", mibUpload, cpu, atMost(1.10), asRatio},
	{"spawn", "start of a php-cgi to its first answer, jailed minus bare", startBareJail, startTime, atMost(8), asDifference},
	{"spawn-bare", "the same as a ratio", startBareJail, startTime, Target{}, asRatio},
	{"spawn-bubblewrap", "start of a php-cgi to its first answer, jailed : in bubblewrap", Starts{A: bubblewrap, B: jailed}, startTime, Target{}, asRatio},
	{"jail-cpu", "CPU of one worker per small request, jailed : bare", Serves{A: bare, B: jailed}, cpu, Target{}, asRatio},
	{"jail-cpu-bubblewrap", "CPU of one worker per small request, jailed : in bubblewrap", Serves{A: bubblewrap, B: jailed}, cpu, Target{}, asRatio},
	{"relay-allocs", "allocations per request in the relay", Allocs{Package: "./fcgi", Benchmark: "BenchmarkRelay/small"}, allocs, atMost(0), asValue},
	{"idle-conns", "memory (PSS) of the proxy for 1,000 idle client connections", Idle{Conns: 1000}, idleMemory, atMost(8), asValue},
	{"noise", "php-fpm against itself, CPU per small request: 1 but for the noise", same, cpu, Target{}, asRatio},
}

// keep is v with so many idle connections kept.
func (v Variant) keep(n int) Variant { v.Keep = n; return v }

// pinned is v with no more connections than clients.
func (v Variant) pinned() Variant { v.Pinned = true; return v }

// serving is v with another site.
func (v Variant) serving(site string) Variant { v.Site = site; return v }

// Metric is one number of a run.
type Metric struct {
	// Name and Unit are for the reader.
	Name, Unit string
	// Of is the number. In ratios it is larger than 0 for any run that did its work.
	Of func(Run) float64
}

var (
	cpu  = Metric{"cpu", "µs/request", func(r Run) float64 { return r.CPUPerRequest() }}
	rate = Metric{"rate", "requests/s", func(r Run) float64 { return r.Load.Rate }}
	p50  = Metric{"p50", "ms", func(r Run) float64 { return r.Load.P50.Seconds() * 1000 }}
	p99  = Metric{"p99", "ms", func(r Run) float64 { return r.Load.P99.Seconds() * 1000 }}
	pss  = Metric{"pss", "KiB", func(r Run) float64 { return r.PSSPerWorker }}

	startTime  = Metric{"start", "ms", theValue}
	allocs     = Metric{"allocs", "allocations", theValue}
	idleMemory = Metric{"idle", "MiB", theValue}
)

func theValue(r Run) float64 { return r.Value }

// findRow is the row with a name.
func findRow(name string) (Row, error) {
	for _, row := range rows {
		if row.Name == name {
			return row, nil
		}
	}
	return Row{}, fmt.Errorf("ROWS: there is no row %q", name)
}
