package config

import (
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

var digits = regexp.MustCompile(`^[0-9]{1,9}$`)

// value decodes expr into v, which is of one of the types a setting can have.
func (d *decoder) value(path string, f field, expr hclsyntax.Expression, v reflect.Value) {
	switch {
	case v.Type() == listType:
		list := d.stringList(f, expr)
		values := make([]string, len(list))
		for i, element := range list {
			values[i] = element.text
			d.source.ranges[&values[i]] = element.at
		}
		v.Set(reflect.ValueOf(values))
	case v.Type() == mapType:
		d.stringMap(f, expr, v.Addr().Interface().(*map[string]string))
	case v.Kind() == reflect.Bool:
		b, ok := boolOf(expr)
		if !ok {
			d.mismatch(f, expr, "true or false without quotes", "true")
			return
		}
		v.SetBool(b)
	case v.Kind() == reflect.String:
		s, ok := textOf(expr)
		if !ok {
			d.mismatch(f, expr, "a text in double quotes", strconv.Quote(orElse(d.written(expr), orElse(f.def, "..."))))
			return
		}
		if d.oneOf(path, f, s, expr.Range()) {
			v.SetString(s)
		}
	case f.bytes || f.percent || v.Type() == durationType:
		d.quantity(f, expr, v)
	default:
		n, ok := integerOf(expr)
		if !ok {
			example := orElse(f.def, "1")
			if digits.MatchString(d.written(expr)) {
				example = d.written(expr)
			}
			d.mismatch(f, expr, "a whole number without quotes", example)
			return
		}
		if d.inRange(f, n, expr.Range(), v.Type()) {
			v.SetInt(n)
		}
	}
}

// quantity decodes a size, a percentage or a duration, which are texts because a bare number does not say of what.
func (d *decoder) quantity(f field, expr hclsyntax.Expression, v reflect.Value) {
	what := "a duration"
	switch {
	case f.bytes:
		what = "a size"
	case f.percent:
		what = "a percentage"
	}
	s, ok := textOf(expr)
	if !ok {
		example := f.def
		if digits.MatchString(d.written(expr)) {
			example = d.written(expr) + f.unitOf()
		}
		d.mismatch(f, expr, what+" in double quotes, with its unit", strconv.Quote(example))
		return
	}
	n, err := f.parse(v.Type(), s)
	if err != nil {
		d.problem(expr.Range(), "Invalid value", "%s: %v.", f.name, err)
		return
	}
	if d.inRange(f, n, expr.Range(), v.Type()) {
		v.SetInt(n)
	}
}

// unitOf is a unit as an example shows it: the default's, if that has one.
func (f field) unitOf() string {
	if unit := strings.TrimLeft(f.def, "0123456789"); unit != "" {
		return unit
	}
	switch {
	case f.bytes:
		return "M"
	case f.percent:
		return "%"
	}
	return "s"
}

// oneOf checks s against the words that the setting knows, if it knows only words.
func (d *decoder) oneOf(path string, f field, s string, at hcl.Range) bool {
	if len(f.oneof) == 0 || slices.Contains(f.oneof, s) {
		return true
	}
	if why := laterWord(join(path, f.name), s); why != "" {
		d.problem(at, notSupported, "%s.", why)
		return false
	}
	hint := ""
	if like := similar(s, f.oneof); like != "" {
		hint = " Did you mean " + like + "?"
	}
	d.problem(at, "Unknown value", "%s can be %s, not %q.%s", f.name, alternatives(f.oneof), clip(s), hint)
	return false
}

// inRange checks n against the range in the field's tags.
func (d *decoder) inRange(f field, n int64, at hcl.Range, t reflect.Type) bool {
	low, high, err := f.bounds(t)
	if err != nil {
		d.problem(at, "Broken range", "bug: range of %s: %v.", f.name, err)
		return false
	}
	if n < low || n > high {
		d.problem(at, "Out of range", "%s must be %s.", f.name, f.rangeText())
		return false
	}
	return true
}

// mismatch complains about a value of another type than the setting's and shows what would be right.
func (d *decoder) mismatch(f field, expr hclsyntax.Expression, what, example string) {
	d.problem(expr.Range(), "Wrong type of value", "%s takes %s: %s = %s.", f.name, what, f.name, example)
}

// alternatives writes words as "a, b or c".
func alternatives(words []string) string {
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
