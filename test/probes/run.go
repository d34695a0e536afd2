package probes

import (
	"errors"
	"fmt"
	"slices"
)

// Line is one probe with what became of it.
type Line struct {
	Probe
	// Unjailed, Jailed and FPM are the outcomes without a jail, in jpm's, and as a site of php-fpm; "" for one that was not made.
	Unjailed, Jailed, FPM string
	// Verdict is the judgement of Jailed, By the layer that stopped it, Note what a reader has to know.
	Verdict Verdict
	By      Layer
	Note    string
}

// Report is a run of the corpus.
type Report struct {
	Lines []Line
	// FPM says whether there was a php-fpm to compare with.
	FPM bool
}

// Run makes all probes: without a jail, in the jail, and in php-fpm where there is one. source is the module's directory, parent
// the directory in which the stand is made. It needs root, php-cgi and Go. When it returns nothing is left of the run, or err says what.
func Run(source, parent string) (r *Report, err error) { return runAs(0, source, parent) }

// RunOrdinary is Run with a jpm that an ordinary user runs, without a php-fpm and without what needs a limit by cgroup.
func RunOrdinary(source, parent string) (r *Report, err error) { return runAs(oneID, source, parent) }

func runAs(one int, source, parent string) (r *Report, err error) {
	s, err := NewStand(parent)
	if err != nil {
		return nil, err
	}
	s.one = one
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.Build(source, "./cmd/jpm", "./cmd/jpm-init", NativeProgram); err != nil {
		return nil, err
	}
	user, err := s.newBare("bare", source, siteID)
	if err != nil {
		return nil, fmt.Errorf("without a jail: %w", err)
	}
	root, err := s.newBare("root", source, 0)
	if err != nil {
		return nil, fmt.Errorf("without a jail, as root: %w", err)
	}
	corpus, more := Corpus(), map[string]map[string]string{"native": {"limits": `memory = "256M"`}}
	if one != 0 { // and has no cgroup, as a rule
		corpus, more = slices.DeleteFunc(corpus, func(p Probe) bool { return p.Limited }), nil
	}
	jpm, err := s.StartJPM("jpm", source, more)
	if err != nil {
		return nil, fmt.Errorf("jpm: %w", err)
	}
	var stock *fpm
	if one == 0 {
		if stock, err = s.startFPM("fpm", source); err != nil && !errors.Is(err, errNoFPM) {
			return nil, fmt.Errorf("php-fpm: %w", err)
		}
	}
	r = &Report{FPM: stock != nil}
	places := []*place{{machine: user}, {machine: root}, {machine: jpm}}
	if stock != nil {
		places = append(places, &place{machine: stock})
	}
	for _, p := range places {
		if p.scripts, err = p.home().scripts(); err != nil {
			return nil, err
		}
	}
	for _, p := range corpus {
		l := Line{Probe: p}
		var errs []error
		make := func(at *place) string {
			outcome, err := at.try(s, &p)
			errs = append(errs, err)
			return outcome
		}
		switch {
		case p.Bare == AsRoot && p.How != Native:
			l.Unjailed = make(places[1])
		case p.Bare != Never:
			l.Unjailed = make(places[0])
		}
		l.Jailed = make(places[2])
		if stock != nil && !p.Limited {
			l.FPM = make(places[3])
		}
		if err := errors.Join(errs...); err != nil {
			return nil, fmt.Errorf("%s: %w\n%s", p.ID, err, jpm.Log())
		}
		l.Verdict, l.By, l.Note = p.Judge(l.Unjailed, l.Jailed)
		r.Lines = append(r.Lines, l)
	}
	return r, nil
}

// place is a machine, and what its scripts have found out.
type place struct {
	machine
	scripts map[string]string
}

// try makes one attempt there.
func (at *place) try(s *Stand, p *Probe) (string, error) {
	switch p.How {
	case PHP:
		outcome, ok := at.scripts[p.Name]
		if !ok {
			return "", fmt.Errorf("no script makes the probe %s", p.Name)
		}
		return outcome, nil
	case Native:
		return at.native(p)
	}
	h := at.home()
	switch p.Name {
	case "left-process":
		return h.leaves("process")
	case "left-file":
		return h.leaves("file")
	case "foreign-client":
		return h.foreign(s.path("bin/worker"))
	}
	if r, ok := requests(s.path("neighbour/outside.php"))[p.Name]; ok {
		return h.try(r)
	}
	if observers[p.Name] == nil {
		return "", fmt.Errorf("nobody makes the probe %s", p.Name)
	}
	pid, err := h.worker()
	if err != nil {
		return "", err
	}
	return observe(p.Name, pid)
}
