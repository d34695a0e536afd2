package config

import (
	"cmp"
	"maps"
	"reflect"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// decoder fills a Config from parsed files by the tags of its fields.
// It walks the syntax itself instead of having expressions evaluated: values are plain, so there is nothing to evaluate,
// and each element of a list keeps its place for later complaints.
type decoder struct {
	source source
	parsed map[string]*hcl.File // to quote from
	diags  hcl.Diagnostics
}

func newDecoder(parsed map[string]*hcl.File) *decoder {
	return &decoder{source: source{ranges: map[any]hcl.Range{}, set: map[any]bool{}}, parsed: parsed}
}

func (d *decoder) problem(at hcl.Range, summary, detail string, args ...any) {
	d.diags = append(d.diags, problem(&at, summary, detail, args...))
}

// root decodes a whole configuration.
func (d *decoder) root(body *hclsyntax.Body, cfg *Config) {
	d.body("", body, hcl.Range{}, reflect.ValueOf(cfg).Elem())
}

// body decodes the settings and blocks in body into the struct v, which path names. Header is the block's first line, for what is missing.
func (d *decoder) body(path string, body *hclsyntax.Body, header hcl.Range, v reflect.Value) {
	d.source.ranges[v.Addr().Interface()] = header
	fields := fieldsOf(v.Type())
	for _, f := range fields {
		fv := v.Field(f.index)
		switch f.kind {
		case attribute:
			d.attribute(path, f, body.Attributes[f.name], header, fv)
		case block, blockSet:
			d.blocks(path, f, body, header, fv)
		}
	}
	d.unknown(path, fields, body)
}

// attribute decodes one setting, or its default if attr is nil.
func (d *decoder) attribute(path string, f field, attr *hclsyntax.Attribute, header hcl.Range, v reflect.Value) {
	key := v.Addr().Interface()
	if attr == nil {
		d.source.ranges[key] = header
		if !f.optional {
			d.problem(header, "Missing setting", "%s is required here.", f.name)
			return
		}
		if err := f.setDefault(v); err != nil {
			// The tags are checked by a test; this cannot happen in a build that passed it.
			d.problem(header, "Broken default", "bug: default of %s: %v.", join(path, f.name), err)
		}
		return
	}
	d.source.ranges[key] = attr.Expr.Range()
	d.source.set[key] = true
	d.value(path, f, attr.Expr, v)
}

// blocks decodes the blocks that f names: one into a struct, any number into a slice of structs.
func (d *decoder) blocks(path string, f field, body *hclsyntax.Body, header hcl.Range, v reflect.Value) {
	var found hclsyntax.Blocks
	for _, b := range body.Blocks {
		if b.Type == f.name {
			found = append(found, b)
		}
	}
	path = join(path, f.name)
	if f.kind == blockSet {
		// The slice never moves afterwards: the source's keys point into it.
		v.Set(reflect.MakeSlice(v.Type(), len(found), len(found)))
		for i, b := range found {
			d.block(path, b, v.Index(i))
		}
		return
	}
	if len(found) == 0 {
		d.body(path, &hclsyntax.Body{}, header, v)
		return
	}
	d.block(path, found[0], v)
	for _, b := range found[1:] {
		d.problem(b.DefRange(), "Duplicate block", "There can be only one %s block here; the first is at line %d.", f.name, found[0].TypeRange.Start.Line)
	}
}

func (d *decoder) block(path string, b *hclsyntax.Block, v reflect.Value) {
	labels := 0
	for _, f := range fieldsOf(v.Type()) {
		if f.kind != label {
			continue
		}
		labels++
		key := v.Field(f.index).Addr().Interface()
		if labels > len(b.Labels) {
			d.source.ranges[key] = b.DefRange()
			d.problem(b.DefRange(), "Missing "+f.name, "%s needs its %s in double quotes before the brace: %s %q { ... }.", b.Type, f.name, b.Type, f.name)
			continue
		}
		v.Field(f.index).SetString(b.Labels[labels-1])
		d.source.ranges[key] = b.LabelRanges[labels-1]
		d.source.set[key] = true
	}
	if len(b.Labels) > labels {
		d.problem(b.LabelRanges[labels], "Unexpected label", "Nothing more can stand between %s and its brace here.", b.Type)
	}
	d.body(path, b.Body, b.DefRange(), v)
	d.source.set[v.Addr().Interface()] = true
}

// sortedAttributes returns the settings in body in the order they are written.
func sortedAttributes(body *hclsyntax.Body) []*hclsyntax.Attribute {
	return slices.SortedFunc(maps.Values(body.Attributes), func(a, b *hclsyntax.Attribute) int {
		return cmp.Or(cmp.Compare(a.NameRange.Filename, b.NameRange.Filename), cmp.Compare(a.NameRange.Start.Byte, b.NameRange.Start.Byte))
	})
}
