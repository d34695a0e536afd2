package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"jpm/cmd/jpm/internal/link"
	"jpm/config"
	"jpm/jail"
)

// measured is a jail as one worker, started for it, has it.
type measured struct {
	// Name is the pool's, or "proxy".
	Name string `json:"name"`
	// Error says why nothing could be measured.
	Error  string          `json:"error,omitempty"`
	Layers []measuredLayer `json:"layers,omitempty"`
}

type measuredLayer struct {
	Layer string     `json:"layer"`
	State jail.State `json:"state"` // enforced, partly or off
	// Measured says how.
	Measured string        `json:"measured,omitempty"`
	Settings []measuredSet `json:"settings"`
	// Differs is what the worker has other than its plan.
	Differs string `json:"differs,omitempty"`
}

type measuredSet struct {
	Setting string     `json:"setting"`
	State   jail.State `json:"state"`
	Why     string     `json:"why,omitempty"`
}

// errDiffers is the end of a check whose findings have been printed.
var errDiffers = errors.New("check: not every jail is as planned")

// effective measures the proxy's jail and each pool's. A running jpm is not touched: the workers are of a spawner of our own, with
// directories and cgroups of its own, and are gone when it returns.
func effective(ctx context.Context, c *config.Config, host *jail.Host) ([]measured, error) {
	init, err := initPath()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(filepath.Dir(defaultRunDir()), "jpm-check-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	s, err := jail.NewSpawner(jail.Options{Init: init, Dir: dir})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	all := []measured{measuredAs("proxy", func() ([]jail.Finding, error) { return measureProxy(s, c.Proxy, host) })}
	for _, p := range c.Pools {
		all = append(all, measuredAs(p.Name, func() ([]jail.Finding, error) { return measurePool(ctx, s, p, host) }))
	}
	return all, ctx.Err()
}

func measurePool(ctx context.Context, s *jail.Spawner, p config.Pool, host *jail.Host) ([]jail.Finding, error) {
	j, err := jail.Compile(p, host)
	if err != nil {
		return nil, err
	}
	if err := s.AddPool(j); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, p.Workers.StartTimeout)
	defer cancel()
	return s.Measure(ctx, j)
}

// measureProxy starts a proxy that is never told to begin.
func measureProxy(s *jail.Spawner, p config.Proxy, host *jail.Host) ([]jail.Finding, error) {
	j, err := jail.CompileProxy(p.UID, p.GID, host)
	if err != nil {
		return nil, err
	}
	exe, err := jail.OpenProgram("/proc/self/exe")
	if err != nil {
		return nil, err
	}
	defer exe.Close()
	conn, far, err := link.Pair()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer far.Close()
	return s.MeasureProxy(j, exe, proxyArgv(), []*os.File{far, os.Stderr})
}

func measuredAs(name string, measure func() ([]jail.Finding, error)) measured {
	found, err := measure()
	m := measured{Name: name}
	if err != nil {
		m.Error = err.Error()
	}
	for _, f := range found {
		l := measuredLayer{Layer: f.Layer, State: f.State, Measured: f.How}
		for _, line := range f.Lines {
			l.Settings = append(l.Settings, measuredSet{line.Setting, line.State, line.Why})
		}
		if f.Err != nil {
			l.Differs = f.Err.Error()
		}
		m.Layers = append(m.Layers, l)
	}
	return m
}

// asPlanned says whether everything was measured and nothing differs from its plan.
func asPlanned(all []measured) bool {
	for _, m := range all {
		if m.Error != "" {
			return false
		}
		for _, l := range m.Layers {
			if l.Differs != "" {
				return false
			}
		}
	}
	return true
}

func printMeasuredJSON(w io.Writer, all []measured) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(map[string][]measured{"jails": all})
}

// printMeasured writes a table for a terminal of 80 columns, and below each layer what it lacks.
func printMeasured(w io.Writer, all []measured) {
	for _, m := range all {
		name := m.Name
		if name != "proxy" {
			name = fmt.Sprintf("pool %q", name)
		}
		fmt.Fprintln(w, name)
		if m.Error != "" {
			wrap(w, "  not measured: ", m.Error)
		}
		for i, l := range m.Layers {
			if i == 0 {
				wrap(w, fmt.Sprintf("  %-13s %-9s ", "LAYER", "STATE"), "MEASURED BY")
			}
			wrap(w, fmt.Sprintf("  %-13s %-9s ", l.Layer, l.State), l.Measured)
			if l.Differs != "" {
				wrap(w, "    differs: ", l.Differs)
			}
			for _, s := range l.Settings {
				if s.State != jail.Enforced {
					wrap(w, fmt.Sprintf("    %-8s ", s.State+":"), s.Setting+" ("+s.Why+")")
				}
			}
		}
		fmt.Fprintln(w)
	}
}

const columns = 80

// wrap writes a text after its label, in lines that begin where the text does. A word longer than a line stays whole.
func wrap(w io.Writer, label, text string) {
	line := label
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
			line += word
		case len([]rune(line))+1+len([]rune(word)) > columns:
			fmt.Fprintln(w, line)
			line = strings.Repeat(" ", len([]rune(label))) + word
		default:
			line += " " + word
		}
	}
	fmt.Fprintln(w, strings.TrimRight(line, " "))
}
