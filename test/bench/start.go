package main

import (
	"context"
	"errors"
	"fmt"
)

// starts is how many workers one run starts, one after the other.
const starts = 10

// Starts measures how long a php-cgi takes from its start to its first answer, in two ways to start one. A run's value is the median of its starts, in milliseconds.
type Starts struct{ A, B string }

func (e Starts) String() string { return fmt.Sprintf("%d starts to the first answer", starts) }

func (e Starts) sides() (a, b string) { return e.A, e.B }

func (e Starts) measure(ctx context.Context, r *rig) (Result, error) {
	a, err := newStarter(r, e.A)
	if err != nil {
		return Result{}, err
	}
	defer a.close()
	b, err := newStarter(r, e.B)
	if err != nil {
		return Result{}, err
	}
	defer b.close()
	run := func(way string, s *starter) func() (Run, error) {
		return func() (Run, error) {
			var took []float64
			for range starts {
				w, _, t, err := s.first(ctx)
				if err == nil {
					took = append(took, t.Seconds()*1000)
					err = w.end()
				}
				if err := errors.Join(err, ctx.Err()); err != nil {
					return Run{}, fmt.Errorf("%s: %w", way, err)
				}
			}
			return Run{Value: median(took)}, nil
		}
	}
	// The first start of each way reads files from disk.
	for _, f := range []func() (Run, error){run(e.A, a), run(e.B, b)} {
		if _, err := f(); err != nil {
			return Result{}, err
		}
	}
	return r.pair(run(e.A, a), run(e.B, b))
}
