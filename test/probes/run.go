package probes

import (
	"errors"
	"fmt"
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
func Run(source, parent string) (r *Report, err error) {
	s, err := NewStand(parent)
	if err != nil {
		return nil, err
	}
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
	jpm, err := s.StartJPM("jpm", source, map[string]map[string]string{"native": {"limits": `memory = "256M"`}})
	if err != nil {
		return nil, fmt.Errorf("jpm: %w", err)
	}
	fpm, err := s.startFPM("fpm", source)
	if err != nil && !errors.Is(err, errNoFPM) {
		return nil, fmt.Errorf("php-fpm: %w", err)
	}
	r = &Report{FPM: fpm != nil}
	places := []*place{{machine: user}, {machine: root}, {machine: jpm}}
	if fpm != nil {
		places = append(places, &place{machine: fpm})
	}
	for _, p := range places {
		if p.scripts, err = p.home().scripts(); err != nil {
			return nil, err
		}
	}
	for _, p := range Corpus() {
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
		if fpm != nil && !p.Limited {
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
