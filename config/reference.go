package config

import (
	_ "embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"
)

// vocabulary is this package's own config.go: the doc comments in it are the reference.
//
//go:embed config.go
var vocabulary string

// example is a whole configuration, checked by a test.
//
//go:embed example.hcl
var example string

// section is one block as the reference shows it.
type section struct {
	path     string // "pool.workers"; "" for the top level
	head     string // as it is written: pool "NAME"
	doc      string
	settings []setting
	blocks   []string // the paths of the blocks in it
}

// setting is one setting as the reference shows it.
type setting struct {
	path, name string
	value      string // what is written after the equals sign, in words
	def        string // as it is written, "" for none
	bounds     string // in words, "" for none
	label      bool   // it stands before the block's brace
	required   bool
	doc        string
}

// sections returns the whole vocabulary, block by block, each before the blocks in it.
func sections() ([]section, error) {
	docs, err := docComments(vocabulary)
	if err != nil {
		return nil, err
	}
	var all []section
	var walk func(path, head string, t reflect.Type)
	walk = func(path, head string, t reflect.Type) {
		at := len(all)
		all = append(all, section{})
		s := section{path: path, head: head, doc: docs[t.Name()]}
		for _, f := range fieldsOf(t) {
			sf := t.Field(f.index)
			switch f.kind {
			case block, blockSet:
				s.blocks = append(s.blocks, join(path, f.name))
				walk(join(path, f.name), f.name, elem(sf.Type))
				continue
			case label:
				s.head += fmt.Sprintf(" %q", strings.ToUpper(f.name))
			}
			s.settings = append(s.settings, setting{
				path:     join(path, f.name),
				name:     f.name,
				value:    f.valueWords(sf.Type),
				def:      f.defaultText(sf.Type),
				bounds:   f.boundsWords(),
				label:    f.kind == label,
				required: f.kind == attribute && !f.optional,
				doc:      meaning(docs[t.Name()+"."+sf.Name], sf.Name),
			})
		}
		all[at] = s
	}
	walk("", "", reflect.TypeFor[Config]())
	return all, nil
}

// docComments returns the doc comments of the structs in src and of their fields, by "Struct" and "Struct.Field", each on one line.
func docComments(src string) (map[string]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "config.go", src, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("read the vocabulary: %w", err)
	}
	docs := map[string]string{}
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.TYPE {
			continue
		}
		for _, spec := range gen.Specs {
			spec := spec.(*ast.TypeSpec)
			docs[spec.Name.Name] = oneLine(gen.Doc)
			body, ok := spec.Type.(*ast.StructType)
			if !ok {
				continue
			}
			for _, f := range body.Fields.List {
				for _, name := range f.Names {
					docs[spec.Name.Name+"."+name.Name] = oneLine(f.Doc)
				}
			}
		}
	}
	return docs, nil
}

func oneLine(doc *ast.CommentGroup) string {
	return strings.Join(strings.Fields(doc.Text()), " ")
}

// meaning turns a field's doc comment into what can stand beside the setting's name: "Max is the number" into "The number".
func meaning(doc, name string) string {
	doc = strings.TrimPrefix(doc, name+" ")
	for _, verb := range []string{"is ", "are "} {
		doc = strings.TrimPrefix(doc, verb)
	}
	first, size := utf8.DecodeRuneInString(doc)
	return string(unicode.ToUpper(first)) + doc[size:]
}

// facts says in a line what can be written and what holds if nothing is. Quote stands around what is written literally.
func (s setting) facts(quote string) string {
	facts := s.value
	if s.label {
		facts += ", before the brace"
	}
	if s.bounds != "" {
		facts += ": " + s.bounds
	}
	switch {
	case s.required:
		facts += ", required"
	case s.def != "":
		facts += ", default " + quote + s.def + quote
	}
	return facts
}

// valueWords says what kind of value the field takes.
func (f field) valueWords(t reflect.Type) string {
	switch {
	case t == listType:
		return "list of texts"
	case t == mapType:
		return "map of texts"
	case t == durationType:
		return "duration"
	case f.bytes:
		return "size"
	case f.percent:
		return "percentage"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.String:
		return "text"
	}
	return "whole number"
}

// defaultText writes the field's default as it would stand in a file.
func (f field) defaultText(t reflect.Type) string {
	switch {
	case t == listType && f.def != "":
		return `["` + strings.ReplaceAll(f.def, ",", `", "`) + `"]`
	case f.def != "" && (t.Kind() == reflect.String || t == durationType || f.bytes || f.percent):
		return `"` + f.def + `"`
	}
	return f.def
}

// boundsWords says which values the field takes, "" if any.
func (f field) boundsWords() string {
	switch {
	case len(f.oneof) > 0:
		return alternatives(f.oneof)
	case f.max != "":
		return f.min + " to " + f.max
	case f.min != "" && f.min != "0":
		return f.min + " or more"
	}
	return ""
}

// Topics of the reference that are about the file and no setting.
const (
	topicFiles = "The main file is /etc/jpm/jpm.hcl unless the command line names another. It and the files that it includes are HCL " +
		"(https://github.com/hashicorp/hcl): settings are name = value, blocks are name { ... }, and # starts a comment. " +
		"A setting or block that jpm does not know is an error, never ignored. `jpm check` says what is wrong, with file and line."
	topicValues = "Values are plain: there are no variables, functions or operators."
	topicLimits = "A file has at most 256 KiB, all files together 16 MiB, and blocks and brackets nest at most 128 deep."
)

// valueKinds explains the words of valueWords.
var valueKinds = []struct{ name, how string }{
	{"text", `in double quotes: "shop"`},
	{"size", `a text with its unit: "512K", "128M", "1G". As in php.ini, 1K is 1024 bytes. A bare number is an error`},
	{"percentage", `a text with its unit: "50%". A bare number is an error`},
	{"duration", `a text with its unit: "500ms", "30s", "5m", "1h30m". A bare number is an error`},
	{"whole number", "without quotes: 8"},
	{"list of texts", `in brackets: ["/srv/a", "/srv/b"]`},
	{"map of texts", `in braces: { APP_ENV = "production", "session.name" = "SHOP" }`},
}

const topicNotYet = "These are agreed on and come later. They are errors until then, so that no setting is ever written down and not enforced."
