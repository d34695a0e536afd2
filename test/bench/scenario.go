package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Server is a program with its configuration.
type Server struct {
	// Program is php-fpm, jpm or uwsgi.
	Program string
	// Site is what it serves: "" is pages/, see site.go for the others.
	Site string
	// Proxy is lines for the proxy block of jpm's configuration, besides the user. A row that varies jpm's configuration sets it on one side.
	Proxy string
}

// Variant is one server behind nginx and the way nginx talks to it.
type Variant struct {
	Server
	// Keep is how many idle connections each nginx worker keeps open to the server. 0 is nginx's default: a new connection for each request.
	Keep int
	// Pinned says that there are never more connections to the server than clients: a client stays with its nginx worker, and what one nginx
	// worker no longer needs it closes soon. php-fpm needs this when it is kept: each connection occupies a child for as long as it is open.
	Pinned bool
}

// String is the variant in a reader's words.
func (v Variant) String() string {
	if v.Keep > 0 {
		return v.Program + " keep-alive"
	}
	return v.Program
}

// Scenario is one way to put load on two servers.
type Scenario struct {
	// A and B are the sides. A is the one that is measured against.
	A, B Variant
	// Page is what is asked for, a path with its query.
	Page string
	// Clients is how many connections there are. Without Open each of them asks again as soon as it has its answer.
	Clients int
	// Upload is the size in bytes of the file that each request uploads as a browser's form does. 0 means a GET without a body.
	Upload int
	// Open makes requests come at fixed times, whether or not earlier ones are answered. Its zero value does not.
	Open Open
}

// Open is a rate of requests that does not depend on the answers. Latency counts from the time a request was due, so a
// server that stalls is charged for all the requests that should have been made meanwhile.
type Open struct {
	// PerSecond is the rate, or, if it is 0, Share is: as a fraction of what A answers when it is saturated, measured first.
	PerSecond, Share float64
	// Slow is a page that every SlowEvery-th request asks for instead. Its latency does not count.
	Slow      string
	SlowEvery int
	// Stretch is how many times longer than others a run is, for rates that give too few requests.
	Stretch int
}

// String is the scenario in a reader's words.
func (sc Scenario) String() string {
	s := fmt.Sprintf("%s, %d clients", sc.Page, sc.Clients)
	switch {
	case sc.Open.Share > 0:
		s += fmt.Sprintf(", at %.0f%% of saturation", 100*sc.Open.Share)
	case sc.Open.PerSecond > 0:
		s += fmt.Sprintf(", %v requests/s", sc.Open.PerSecond)
	}
	return s
}

func (sc Scenario) sides() (a, b string) { return sc.A.String(), sc.B.String() }

// open tells whether requests come at fixed times.
func (sc Scenario) open() bool { return sc.Open.PerSecond > 0 || sc.Open.Share > 0 }

// length is how long a run takes where length is a common one's.
func (sc Scenario) length(length time.Duration) time.Duration {
	return length * time.Duration(max(1, sc.Open.Stretch))
}

// saturations is how many runs find out what A answers when it is saturated.
const saturations = 3

// measure starts both servers and nginx, makes the runs and stops them.
func (sc Scenario) measure(ctx context.Context, r *rig) (_ Result, err error) {
	s, err := startStand(ctx, r, sc.A, sc.B)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := s.alike(ctx, sc); err != nil {
		return Result{}, err
	}
	closed := sc
	closed.Open = Open{}
	for _, v := range []Variant{sc.A, sc.B} {
		if _, err := s.run(ctx, v, closed, warmUp); err != nil {
			return Result{}, err
		}
	}
	if sc.Open.Share > 0 {
		var rates []float64
		for range saturations {
			run, err := s.run(ctx, sc.A, closed, r.length)
			if err != nil {
				return Result{}, err
			}
			rates = append(rates, run.Load.Rate)
		}
		sc.Open.PerSecond = sc.Open.Share * median(rates)
	}
	side := func(v Variant) func() (Run, error) {
		return func() (Run, error) { return s.run(ctx, v, sc, sc.length(r.length)) }
	}
	return r.pair(side(sc.A), side(sc.B))
}
