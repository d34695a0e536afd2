package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadProfile(t *testing.T) {
	profile := "mode: set\njpm/a.go:1.2,3.4 2 1\njpm/a.go:5.1,6.2 3 0\njpm/b.go:1.1,2.2 1 7\n"
	reached, all, err := readProfile(strings.NewReader(profile))
	if err != nil || all != 6 || reached.statements() != 3 {
		t.Errorf("%v, %d statements, error %v", reached, all, err)
	}
	if reached.add(coverage{"jpm/a.go:1.2,3.4": 2}) {
		t.Error("a block that was reached is new")
	}
	if !reached.add(coverage{"jpm/a.go:5.1,6.2": 3}) || reached.statements() != 6 {
		t.Errorf("a new block is not: %v", reached)
	}
	for _, broken := range []string{"mode: set\nnonsense", "mode: set\na b c\n"} {
		if _, _, err := readProfile(strings.NewReader(broken)); err == nil {
			t.Errorf("%q was read", broken)
		}
	}
}

func TestChoose(t *testing.T) {
	dir := t.TempDir()
	for name, size := range map[string]int{"long": maxEntry + 1, "b": 10, "a": 10, "short": 1} {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, size), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found, err := entries(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := func(list []entry) string {
		var s []string
		for _, e := range list {
			s = append(s, e.name())
		}
		return strings.Join(s, " ")
	}
	if got := names(choose(found, nil, 0)); got != "short a b" {
		t.Errorf("chosen: %s", got)
	}
	if got := names(choose(found, map[string]bool{"other": true}, maxTotal-5)); got != "short" {
		t.Errorf("chosen for the last bytes: %s", got)
	}
	if got := names(choose(found, map[string]bool{"a": true}, 21)); got != "short b" {
		t.Errorf("chosen beside a: %s", got)
	}
	if none, err := entries(filepath.Join(dir, "missing")); err != nil || len(none) > 0 {
		t.Errorf("no directory: %v, %v", none, err)
	}
}
