package jail

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
)

// Finding is one layer of a jail as a running worker has it.
type Finding struct {
	Layer string
	// State is Enforced if all of Lines are, Off if none is, and Off where the worker differs from its plan.
	State State
	// How says what was looked at, or which step tried it from inside; "" if there was nothing to measure.
	How string
	// Lines are what Explain says of the layer.
	Lines []Line
	// Err is what the worker has other than its plan; nil if nothing.
	Err error
}

// finding joins what the plan says of a layer with what was seen of it.
func finding(l *layer, lines []Line, err error) Finding {
	f := Finding{Layer: l.name, State: Enforced, How: l.seen.how, Lines: lines, Err: err}
	for i := range lines {
		f.Lines[i].Layer = l.name
	}
	lacks := func(line Line) bool { return line.State != Enforced }
	switch {
	case err != nil:
		f.State = Off
	case !slices.ContainsFunc(lines, func(line Line) bool { return line.State != Off }):
		f.State, f.How = Off, ""
	case slices.ContainsFunc(lines, lacks):
		f.State = Partly
	}
	return f
}

// Measure starts one worker of a pool that AddPool knows, in its real jail, looks at every layer of it from outside, and ends it. A
// layer that differs from its plan is a Finding with an Err; an error means that the worker could not be started at all.
func (s *Spawner) Measure(ctx context.Context, j *Jail) ([]Finding, error) {
	var found []Finding
	w, err := s.start(ctx, j, launch{name: "measured", plan: *j.plan, listen: true, profile: j.denials, found: &found})
	if err != nil {
		return nil, fmt.Errorf("start worker: %w", err)
	}
	w.discard()
	return found, nil
}

// MeasureProxy does the same with a proxy; the arguments are StartProxy's.
func (s *Spawner) MeasureProxy(j *Jail, exe *os.File, argv []string, extra []*os.File) ([]Finding, error) {
	var found []Finding
	l := proxyLaunch(j, exe, argv, extra)
	l.found = &found
	w, err := s.start(context.Background(), j, l)
	if err != nil {
		return nil, fmt.Errorf("start proxy: %w", err)
	}
	w.discard()
	return found, nil
}

// measure looks at every layer, where verify stops at the first difference.
func (w *Worker) measure(j *Jail, l *launch, prog program) error {
	s, err := w.look(&l.plan, prog)
	if err != nil {
		return err
	}
	for i := range layers {
		row := &layers[i]
		lines := row.lines(j)
		if len(lines) == 0 {
			continue
		}
		var err error
		if row.seen.look != nil {
			err = row.seen.look(s)
		}
		*l.found = append(*l.found, finding(row, lines, err))
	}
	return nil
}

// discard ends the worker and takes what it wrote with it.
func (w *Worker) discard() {
	w.Kill()
	io.Copy(io.Discard, w.log)
	w.Close()
	w.closeFiles()
}
