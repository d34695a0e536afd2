// Command corpus keeps some of what the fuzzer has found: inputs that reach code which no seed and no kept input reaches, the shortest first.
// They go to the package's testdata/fuzz, where every test run tries them, and where they can be committed.
//
//	corpus PACKAGE TARGET
//
// PACKAGE is a directory of the module, such as ./fcgi, and TARGET a fuzz target in it. What was kept before stays.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
)

// Bounds on what is kept of one target, so that the repository stays small.
const (
	maxEntry = 4 << 10  // bytes of one input
	maxTotal = 64 << 10 // bytes of all
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: corpus PACKAGE TARGET")
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		log.Fatalf("corpus: %v", err)
	}
}

func run(dir, target string) error {
	s, err := newStand(dir, target)
	if err != nil {
		return err
	}
	defer s.close()
	kept, err := entries(s.kept)
	if err != nil {
		return err
	}
	found, err := entries(s.cache)
	if err != nil {
		return err
	}
	reached, err := s.reach("seed#[0-9]+")
	if err != nil {
		return err
	}
	total := 0
	known := map[string]bool{}
	for _, e := range kept {
		total += e.size
		known[e.name()] = true
		more, err := s.reach(e.name())
		if err != nil {
			return err
		}
		reached.add(more)
	}
	added := 0
	for _, e := range choose(found, known, total) {
		blocks, err := s.try(e)
		if err != nil {
			return err
		}
		if !reached.add(blocks) || total+e.size > maxTotal {
			continue
		}
		if err := s.keep(e); err != nil {
			return err
		}
		total += e.size
		added++
	}
	fmt.Printf("%s: %d of %d statements reached; %d inputs found, %d kept, %d of them new, %d bytes in all\n",
		target, reached.statements(), s.statements, len(found), len(kept)+added, added, total)
	return nil
}

// choose is which inputs may be kept, in the order in which they are looked at, when some are known, of so many bytes together.
func choose(found []entry, known map[string]bool, total int) []entry {
	var fit []entry
	for _, e := range found {
		if !known[e.name()] && e.size <= maxEntry && total+e.size <= maxTotal {
			fit = append(fit, e)
		}
	}
	return fit
}

// entry is a file of a corpus.
type entry struct {
	path string
	size int
}

func (e entry) name() string { return filepath.Base(e.path) }
