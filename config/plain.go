package config

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// element is one text of a list and where it is written.
type element struct {
	text string
	at   hcl.Range
}

// textOf returns the text that expr spells in quotes or as a heredoc.
func textOf(expr hclsyntax.Expression) (string, bool) {
	template, ok := expr.(*hclsyntax.TemplateExpr)
	if !ok {
		return "", false
	}
	var b strings.Builder
	for _, part := range template.Parts {
		literal, ok := part.(*hclsyntax.LiteralValueExpr)
		if !ok || literal.Val.Type() != cty.String || literal.Val.IsNull() {
			return "", false
		}
		b.WriteString(literal.Val.AsString())
	}
	return b.String(), true
}

func boolOf(expr hclsyntax.Expression) (value, ok bool) {
	literal, ok := expr.(*hclsyntax.LiteralValueExpr)
	if !ok || literal.Val.Type() != cty.Bool || literal.Val.IsNull() {
		return false, false
	}
	return literal.Val.True(), true
}

// integerOf returns the whole number that expr spells, with or without a minus, if it fits.
func integerOf(expr hclsyntax.Expression) (int64, bool) {
	f := numberOf(expr)
	if f == nil {
		return 0, false
	}
	n, accuracy := f.Int64()
	return n, accuracy == big.Exact
}

// numberOf returns the number that expr spells, nil if it is none.
func numberOf(expr hclsyntax.Expression) *big.Float {
	if unary, ok := expr.(*hclsyntax.UnaryOpExpr); ok && unary.Op == hclsyntax.OpNegate {
		if literal, ok := unary.Val.(*hclsyntax.LiteralValueExpr); ok {
			if f := numberOf(literal); f != nil {
				return new(big.Float).Neg(f)
			}
		}
		return nil
	}
	literal, ok := expr.(*hclsyntax.LiteralValueExpr)
	if !ok || literal.Val.Type() != cty.Number || literal.Val.IsNull() {
		return nil
	}
	return literal.Val.AsBigFloat()
}

// written returns the text of a name, a number or a text as it stands in the file, without its quotes; "" for anything else and anything long.
func (d *decoder) written(expr hclsyntax.Expression) string {
	if literal, ok := expr.(*hclsyntax.LiteralValueExpr); ok && literal.Val.IsNull() {
		return ""
	}
	switch e := expr.(type) {
	case *hclsyntax.ScopeTraversalExpr, *hclsyntax.LiteralValueExpr, *hclsyntax.UnaryOpExpr:
		at := e.Range()
		if file := d.parsed[at.Filename]; file != nil && at.CanSliceBytes(file.Bytes) && at.End.Byte-at.Start.Byte <= 80 {
			return string(at.SliceBytes(file.Bytes))
		}
	case *hclsyntax.TemplateExpr:
		if s, _ := textOf(e); len(s) <= 80 {
			return s
		}
	}
	return ""
}

// dotted returns the names of a traversal as they were written, or otherwise if it holds more than names.
func dotted(traversal hcl.Traversal, otherwise string) string {
	var names []string
	for _, step := range traversal {
		switch step := step.(type) {
		case hcl.TraverseRoot:
			names = append(names, step.Name)
		case hcl.TraverseAttr:
			names = append(names, step.Name)
		default:
			return otherwise
		}
	}
	return strings.Join(names, ".")
}

// stringList returns the texts in a list, without those that are none.
func (d *decoder) stringList(f field, expr hclsyntax.Expression) []element {
	const what = "a list of texts in double quotes"
	tuple, ok := expr.(*hclsyntax.TupleConsExpr)
	if !ok {
		d.mismatch(f, expr, what, "["+strconv.Quote(orElse(d.written(expr), "..."))+"]")
		return nil
	}
	var list []element
	for _, item := range tuple.Exprs {
		s, ok := textOf(item)
		if !ok {
			d.mismatch(f, item, what, "["+strconv.Quote(orElse(d.written(item), "..."))+"]")
			continue
		}
		list = append(list, element{s, item.Range()})
	}
	return list
}

// stringMap decodes a map of texts.
func (d *decoder) stringMap(f field, expr hclsyntax.Expression, m *map[string]string) {
	const what = "a map of texts in double quotes"
	object, ok := expr.(*hclsyntax.ObjectConsExpr)
	if !ok {
		d.mismatch(f, expr, what, `{ NAME = "value" }`)
		return
	}
	*m = map[string]string{}
	for _, item := range object.Items {
		key, ok := d.mapKey(f, item.KeyExpr)
		if !ok {
			continue
		}
		value, ok := textOf(item.ValueExpr)
		if !ok {
			d.mismatch(f, item.ValueExpr, what, "{ "+clip(key)+" = "+strconv.Quote(orElse(d.written(item.ValueExpr), "value"))+" }")
			continue
		}
		at := hcl.RangeBetween(item.KeyExpr.Range(), item.ValueExpr.Range())
		if first, ok := d.source.ranges[entry{m, key}]; ok {
			d.problem(at, "Duplicate key", "%s already holds %q, at line %d.", f.name, clip(key), first.Start.Line)
			continue
		}
		(*m)[key] = value
		d.source.ranges[entry{m, key}] = at
	}
}

// mapKey returns a map's key: a bare name or a text.
func (d *decoder) mapKey(f field, expr hclsyntax.Expression) (string, bool) {
	if key, ok := expr.(*hclsyntax.ObjectConsKeyExpr); ok {
		if name := hcl.ExprAsKeyword(key.Wrapped); name != "" {
			return name, true
		}
		if s, ok := textOf(key.Wrapped); ok {
			return s, true
		}
		if t, ok := key.Wrapped.(*hclsyntax.ScopeTraversalExpr); ok {
			d.problem(expr.Range(), "Unquoted key", "A key with a dot needs double quotes: %q.", clip(dotted(t.Traversal, "...")))
			return "", false
		}
	}
	d.problem(expr.Range(), "Invalid key", "The keys of %s are names or texts in double quotes.", f.name)
	return "", false
}
