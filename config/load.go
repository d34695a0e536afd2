package config

import (
	"path/filepath"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Load reads the configuration file at path and the files it includes, checks all of it and fills in defaults and ids.
// It reads files, /etc/passwd and /etc/group and touches nothing else; whether the paths in it exist is not looked at, but for profiles, which
// are read along.
// The error is an [*Error].
func Load(path string) (*Config, error) {
	return load(path, disk{}, &hostAccounts{})
}

// load is Load with the files and the accounts of the caller's choice.
func load(path string, files files, accounts accounts) (*Config, error) {
	l := loader{files: files, parsed: map[string]*hcl.File{}}
	path = filepath.Clean(path)

	body := l.parse(path, nil)
	if body == nil {
		return nil, l.err()
	}
	blocks := append(hclsyntax.Blocks(nil), body.Blocks...)
	blocks = append(blocks, l.included(path, body)...)
	if l.diags.HasErrors() {
		return nil, l.err()
	}

	cfg := &Config{}
	d := newDecoder(l.parsed)
	d.root(&hclsyntax.Body{Attributes: body.Attributes, Blocks: blocks}, cfg)
	l.diags = d.diags
	if l.diags.HasErrors() {
		return nil, l.err()
	}

	v := validator{file: path, source: d.source, accounts: accounts}
	v.config(cfg)
	l.diags = v.diags
	if l.diags.HasErrors() {
		return nil, l.err()
	}
	l.profiles(cfg, d.source)
	if l.diags.HasErrors() {
		return nil, l.err()
	}
	return cfg, nil
}

// loader is one Load under way.
type loader struct {
	files  files
	parsed map[string]*hcl.File // by name, for the snippets in diagnostics
	total  int                  // bytes read so far
	diags  hcl.Diagnostics
}

// parse reads one file and parses it. It returns nil after it has noted why that cannot be done.
// At is where the file was asked for, nil for the main file.
func (l *loader) parse(path string, at *hcl.Range) *hclsyntax.Body {
	src, err := l.files.read(path)
	if err != nil {
		l.diags = append(l.diags, problem(at, "Cannot read the configuration", "%v.", err))
		return nil
	}
	if l.total += len(src); l.total > maxTotal {
		l.diags = append(l.diags, problem(at, "Configuration too large", "The files together hold more than %d MiB.", maxTotal>>20))
		return nil
	}
	start := hcl.Pos{Line: 1, Column: 1}
	l.parsed[path] = &hcl.File{Bytes: src}
	if diags := guard(src, path); diags.HasErrors() {
		l.diags = append(l.diags, diags...)
		return nil
	}
	file, diags := hclsyntax.ParseConfig(src, path, start)
	l.parsed[path] = file
	if diags.HasErrors() {
		l.diags = append(l.diags, diags...)
		return nil
	}
	return file.Body.(*hclsyntax.Body)
}

func (l *loader) err() error {
	return &Error{diags: sorted(l.diags), files: l.parsed}
}
