package config

import (
	"reflect"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// unknown refuses what stands in body and is none of fields, and says what could have been meant.
func (d *decoder) unknown(path string, fields []field, body *hclsyntax.Body) {
	isBlock := map[string]bool{}
	var names []string
	for _, f := range fields {
		if f.kind != label {
			isBlock[f.name] = f.kind != attribute
			names = append(names, f.name)
		}
	}
	slices.Sort(names)

	for _, attr := range sortedAttributes(body) {
		wantBlock, known := isBlock[attr.Name]
		switch {
		case known && wantBlock:
			d.problem(attr.NameRange, "Not a setting", "%s is a block, written without the equals sign: %s { ... }.", attr.Name, attr.Name)
		case !known && later(path, attr.Name) != "":
			d.problem(attr.NameRange, notSupported, "%s.", later(path, attr.Name))
		case !known:
			d.problem(attr.NameRange, "Unknown setting", "%s", guess(path, attr.Name, names))
		}
	}
	for _, b := range body.Blocks {
		wantBlock, known := isBlock[b.Type]
		switch {
		case known && !wantBlock:
			d.problem(b.TypeRange, "Not a block", "%s is a setting, written with an equals sign: %s = ...", b.Type, b.Type)
		case !known && later(path, b.Type) != "":
			d.problem(b.TypeRange, notSupported, "%s.", later(path, b.Type))
		case !known:
			d.problem(b.TypeRange, "Unknown block", "%s", guess(path, b.Type, names))
		}
	}
}

// guess says that there is no such name here, and what comes close: a similar name, or the place where the name belongs.
func guess(path, name string, names []string) string {
	where := "at the top level"
	if path != "" {
		where = "in " + path[strings.LastIndexByte(path, '.')+1:]
	}
	var b strings.Builder
	b.WriteString("There is no " + clip(name) + " " + where + ". ")
	if like := similar(name, names); like != "" {
		b.WriteString("Did you mean " + like + "? ")
	} else if like, place := elsewhere(name); like == name {
		b.WriteString("It belongs " + place + ". ")
	} else if like != "" {
		b.WriteString("Did you mean " + like + " " + place + "? ")
	}
	b.WriteString("Known here: " + strings.Join(names, ", ") + ".")
	return b.String()
}

// similar returns the name that a typo could have turned into given, or "".
func similar(given string, names []string) string {
	best, like := 1+len(given)/3, ""
	if len(given) > 64 {
		return ""
	}
	for _, name := range names {
		if distance := levenshtein.Distance(given, name, nil); distance <= min(best, 3) && (like == "" || distance < best) {
			best, like = distance, name
		}
	}
	return like
}

// elsewhere returns the name that given is, or could be a typo of, in another block than where it stands, and where that is.
func elsewhere(given string) (name, place string) {
	places := map[string]string{}
	var names []string
	add := func(path string) {
		place, name := "at the top level", path
		if i := strings.LastIndexByte(path, '.'); i >= 0 {
			place, name = "in "+path[:i], path[i+1:]
		}
		if places[name] == "" {
			places[name] = place
			names = append(names, name)
		}
	}
	walkSettings("", reflect.TypeFor[Config](), func(path string, f field, _ reflect.Type) {
		if f.kind != label {
			add(path)
		}
	})
	for _, l := range notYet {
		if !strings.Contains(l.path, "=") {
			add(l.path)
		}
	}
	name = similar(given, names)
	return name, places[name]
}

// clip shortens what a user wrote to what a message can hold.
func clip(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
