package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// coverage is how many statements each block of code holds that was reached. A block is what a cover profile names: file and range.
type coverage map[string]int

// add takes what another run has reached, and says whether any of it is new.
func (c coverage) add(more coverage) bool {
	before := len(c)
	for block, n := range more {
		c[block] = n
	}
	return len(c) > before
}

// statements is how many were reached.
func (c coverage) statements() int {
	sum := 0
	for _, n := range c {
		sum += n
	}
	return sum
}

// readProfile reads what `go test -coverprofile` writes: the blocks that were reached, and the number of statements of all.
func readProfile(r io.Reader) (reached coverage, all int, err error) {
	reached, blocks := coverage{}, coverage{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		l := lines.Text()
		if strings.HasPrefix(l, "mode: ") {
			continue
		}
		f := strings.Fields(l)
		var statements, count int
		if len(f) != 3 {
			return nil, 0, fmt.Errorf("cover profile: %q", l)
		}
		if _, err := fmt.Sscan(f[1]+" "+f[2], &statements, &count); err != nil {
			return nil, 0, fmt.Errorf("cover profile: %q: %w", l, err)
		}
		blocks[f[0]] = statements
		if count > 0 {
			reached[f[0]] = statements
		}
	}
	return reached, blocks.statements(), lines.Err()
}
