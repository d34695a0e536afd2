package main

// Row is one line of the result: one metric of one scenario, as the ratio B:A. To add a row, add it to the table below.
type Row struct {
	// Name is what ROWS selects.
	Name string
	// What says in a few words what is compared.
	What string
	// Scenario is how the numbers are made. Rows with equal scenarios share their runs.
	Scenario Scenario
	// Metric picks the number out of a run.
	Metric Metric
}

// Scenario is one way to put load on both sides.
type Scenario struct {
	// A and B are the sides. A is the one that is measured against.
	A, B Variant
	// Page is the script that is asked for, one of pages/.
	Page string
	// Clients is how many connections ask at once, each again as soon as it has its answer.
	Clients int
}

// Variant is one server behind nginx and the way nginx talks to it.
type Variant struct {
	// Server is the name of a server: php-fpm or jpm.
	Server string
	// Keep is how many idle connections each nginx worker keeps open to the server. 0 is nginx's default: a new connection for each request.
	Keep int
}

var (
	fpm     = Variant{Server: "php-fpm"} // as Debian ships it
	jpm     = Variant{Server: "jpm"}
	jpmKeep = Variant{Server: "jpm", Keep: 32}

	small    = Scenario{A: fpm, B: jpmKeep, Page: "small.php", Clients: 16}
	small4   = Scenario{A: fpm, B: jpmKeep, Page: "small.php", Clients: 4}
	smallOne = Scenario{A: fpm, B: jpm, Page: "small.php", Clients: 16}
	page     = Scenario{A: fpm, B: jpmKeep, Page: "page.php", Clients: 16}
	same     = Scenario{A: fpm, B: fpm, Page: "small.php", Clients: 16}
)

// rows is every row there is, in the order in which they run.
var rows = []Row{
	{"small-keepalive", "CPU per small request, 16 clients, jpm kept alive", small, cpu},
	{"rate-small", "small requests per second, 16 clients, jpm kept alive", small, rate},
	{"p50-small", "median latency, same runs", small, p50},
	{"p99-small", "99th percentile latency, same runs", small, p99},
	{"pss-worker", "memory (PSS) per worker, same runs", small, pss},
	{"small-keepalive-4", "CPU per small request, 4 clients, jpm kept alive", small4, cpu},
	{"p50-small-4", "median latency, same runs", small4, p50},
	{"p99-small-4", "99th percentile latency, same runs", small4, p99},
	{"small-plain", "CPU per small request, 16 clients, nothing kept alive", smallOne, cpu},
	{"rate-plain", "small requests per second, same runs", smallOne, rate},
	{"page", "CPU per 30 KB page, 16 clients, jpm kept alive", page, cpu},
	{"rate-page", "30 KB pages per second, same runs", page, rate},
	{"p99-page", "99th percentile latency, same runs", page, p99},
	{"noise", "php-fpm against itself, CPU per small request: 1 but for the noise", same, cpu},
}

// Metric is one number of a run.
type Metric struct {
	// Name and Unit are for the reader.
	Name, Unit string
	// Of is the number. It is larger than 0 for any run that did its work.
	Of func(Run) float64
}

var (
	cpu  = Metric{"cpu", "µs/request", func(r Run) float64 { return r.CPUPerRequest() }}
	rate = Metric{"rate", "requests/s", func(r Run) float64 { return r.Load.Rate }}
	p50  = Metric{"p50", "ms", func(r Run) float64 { return r.Load.P50.Seconds() * 1000 }}
	p99  = Metric{"p99", "ms", func(r Run) float64 { return r.Load.P99.Seconds() * 1000 }}
	pss  = Metric{"pss", "KiB", func(r Run) float64 { return r.PSSPerWorker }}
)
