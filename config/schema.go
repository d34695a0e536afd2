package config

import (
	"reflect"
	"strings"
	"time"
)

// field is what the tags of one struct field say.
type field struct {
	index    int
	name     string // as written in a file
	kind     fieldKind
	optional bool
	def      string // the default as it would be written, "" for none
	bytes    bool   // the number is a size
	percent  bool   // the number is a percentage
	oneof    []string
	min, max string
}

type fieldKind int

const (
	attribute fieldKind = iota
	label
	block    // a struct: at most one block
	blockSet // a slice of structs: any number
)

var (
	durationType = reflect.TypeFor[time.Duration]()
	listType     = reflect.TypeFor[[]string]()
	mapType      = reflect.TypeFor[map[string]string]()
)

// fieldsOf returns the settings of a struct of this package in the order they are declared.
func fieldsOf(t reflect.Type) []field {
	var fields []field
	for i := range t.NumField() {
		sf := t.Field(i)
		tag, ok := sf.Tag.Lookup("hcl")
		if !ok {
			continue
		}
		name, word, _ := strings.Cut(tag, ",")
		f := field{
			index:    i,
			name:     name,
			optional: word == "optional",
			def:      sf.Tag.Get("default"),
			bytes:    sf.Tag.Get("unit") == "bytes",
			percent:  sf.Tag.Get("unit") == "percent",
			min:      sf.Tag.Get("min"),
			max:      sf.Tag.Get("max"),
		}
		if words := sf.Tag.Get("oneof"); words != "" {
			f.oneof = strings.Split(words, ",")
		}
		switch {
		case word == "label":
			f.kind = label
		case word == "block" && sf.Type.Kind() == reflect.Slice:
			f.kind = blockSet
		case word == "block":
			f.kind = block
		}
		fields = append(fields, f)
	}
	return fields
}

// elem is the struct that a block's field holds.
func elem(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Slice {
		return t.Elem()
	}
	return t
}

// join makes the path of a setting: the names of the blocks it is in, without the root, and its own.
func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// walkSettings calls visit with the path of every setting and block below t.
func walkSettings(path string, t reflect.Type, visit func(path string, f field, t reflect.Type)) {
	for _, f := range fieldsOf(t) {
		ft := t.Field(f.index).Type
		visit(join(path, f.name), f, ft)
		if f.kind == block || f.kind == blockSet {
			walkSettings(join(path, f.name), elem(ft), visit)
		}
	}
}
