package config

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// Reference writes the reference of all settings as Markdown: docs/config.md.
func Reference(w io.Writer) error {
	all, err := sections()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "<!-- Generated from config/config.go by go generate ./config. Do not edit. -->\n\n# Configuration\n\n")
	fmt.Fprintf(&b, "%s\n\n## Example\n\n```hcl\n%s```\n\n", topicFiles, example)
	fmt.Fprintf(&b, "## Values\n\n%s\n\n", topicValues)
	for _, kind := range valueKinds {
		fmt.Fprintf(&b, "- **%s**: %s.\n", kind.name, kind.how)
	}
	fmt.Fprintf(&b, "\n%s\n", topicLimits)
	for _, s := range all {
		s.markdown(&b)
	}
	fmt.Fprintf(&b, "\n## Not supported by this version\n\n%s\n\n", topicNotYet)
	for _, l := range notYet {
		fmt.Fprintf(&b, "- `%s`: %s.\n", l.written(), l.why)
	}
	_, err = w.Write(b.Bytes())
	return err
}

func (s section) markdown(b *bytes.Buffer) {
	if s.path == "" {
		fmt.Fprintf(b, "\n## Top level\n\n")
	} else {
		name := s.path[strings.LastIndexByte(s.path, '.')+1:]
		fmt.Fprintf(b, "\n%s %s\n\n", strings.Repeat("#", 2+strings.Count(s.path, ".")), name)
		fmt.Fprintf(b, "`%s { ... }`", s.head)
		if parent := strings.TrimSuffix(s.path, "."+name); parent != s.path {
			fmt.Fprintf(b, " in `%s`", parent)
		}
		fmt.Fprintf(b, "  \n%s\n\n", s.doc)
	}
	for _, set := range s.settings {
		fmt.Fprintf(b, "- **`%s`** (%s)  \n  %s\n", set.name, set.facts("`"), set.doc)
	}
	if len(s.blocks) == 0 {
		return
	}
	names := make([]string, len(s.blocks))
	for i, path := range s.blocks {
		name := path[strings.LastIndexByte(path, '.')+1:]
		names[i] = "[`" + name + "`](#" + name + ")"
	}
	fmt.Fprintf(b, "\nBlocks: %s.\n", strings.Join(names, ", "))
}
