package config

import (
	"path/filepath"
	"slices"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// included reads the files that the include patterns of body match and returns their pool blocks.
// A file is read once, however many patterns match it, and the main file is never its own include.
func (l *loader) included(main string, body *hclsyntax.Body) hclsyntax.Blocks {
	attr := body.Attributes["include"]
	if attr == nil {
		return nil
	}
	// What is wrong with the list itself, decoding reports later.
	patterns := newDecoder(l.parsed).stringList(field{name: "include"}, attr.Expr)

	var blocks hclsyntax.Blocks
	seen := map[string]bool{main: true}
	for _, pattern := range patterns {
		at := pattern.at
		glob := pattern.text
		if !filepath.IsAbs(glob) {
			glob = filepath.Join(filepath.Dir(main), glob)
		}
		paths, err := l.files.glob(glob)
		if err != nil {
			l.diags = append(l.diags, problem(&at, "Invalid pattern", "%q is not a glob pattern: %v.", pattern.text, err))
			continue
		}
		slices.Sort(paths)
		for _, path := range paths {
			if seen[path] {
				continue
			}
			if len(seen) > maxFiles {
				l.diags = append(l.diags, problem(&at, "Too many files", "The patterns match more than %d files.", maxFiles))
				return nil
			}
			seen[path] = true
			if body := l.parse(path, &at); body != nil {
				blocks = append(blocks, l.pools(body)...)
			}
		}
	}
	return blocks
}

// pools returns the pool blocks of an included file and refuses anything else in it.
func (l *loader) pools(body *hclsyntax.Body) hclsyntax.Blocks {
	const summary = "Not a pool"
	const detail = "An included file holds only pool blocks. Move %s to the main file."
	var pools hclsyntax.Blocks
	for _, attr := range sortedAttributes(body) {
		l.diags = append(l.diags, problem(&attr.NameRange, summary, detail, attr.Name))
	}
	for _, block := range body.Blocks {
		if block.Type != "pool" {
			l.diags = append(l.diags, problem(&block.TypeRange, summary, detail, block.Type))
			continue
		}
		pools = append(pools, block)
	}
	return pools
}
