package config

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
)

// textWidth is where the reference breaks lines at a terminal.
const textWidth = 80

// ReferenceText writes the reference as plain text: all of it, or what topic names. A topic is a block or setting by its path
// ("pool.workers.max") or the end of it ("workers.max", "max"). The error says what a topic that does not exist could have meant.
func ReferenceText(w io.Writer, topic string) error {
	all, err := sections()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if topic == "" {
		wholeText(&b, all)
	} else {
		topicText(&b, all, topic)
	}
	if b.Len() == 0 {
		return noTopic(all, topic)
	}
	_, err = w.Write(bytes.TrimLeft(b.Bytes(), "\n"))
	return err
}

func wholeText(b *bytes.Buffer, all []section) {
	fill(b, "", strings.ReplaceAll(topicFiles, "`", ""))
	fmt.Fprintf(b, "\nEXAMPLE\n\n%s\nVALUES\n\n", example)
	fill(b, "", topicValues)
	for _, kind := range valueKinds {
		fill(b, "    ", kind.name+": "+kind.how+".")
	}
	fill(b, "", topicLimits)
	for _, s := range all {
		s.text(b)
	}
	fmt.Fprintf(b, "\nNOT SUPPORTED BY THIS VERSION\n\n")
	fill(b, "", topicNotYet)
	for _, r := range notYet {
		r.text(b)
	}
}

// topicText writes the blocks that topic names with all that is in them, and the settings that it names.
func topicText(b *bytes.Buffer, all []section, topic string) {
	var blocks []string // that topic names
	inBlock := func(path string) bool {
		return slices.ContainsFunc(blocks, func(block string) bool { return strings.HasPrefix(path, block+".") })
	}
	for _, s := range all {
		if names(s.path, topic) {
			blocks = append(blocks, s.path)
			s.text(b)
			continue
		}
		if inBlock(s.path) {
			s.text(b)
			continue
		}
		for _, set := range s.settings {
			if names(set.path, topic) {
				fmt.Fprintln(b)
				set.text(b, set.path)
			}
		}
	}
	head := "\nNot supported by this version:\n\n"
	for _, r := range notYet {
		path, _, _ := strings.Cut(r.path, "=")
		if names(path, topic) || inBlock(path) {
			b.WriteString(head)
			head = ""
			r.text(b)
		}
	}
}

// names says whether topic is path or its end.
func names(path, topic string) bool {
	return path == topic || strings.HasSuffix(path, "."+topic)
}

func noTopic(all []section, topic string) error {
	var known []string
	for _, s := range all {
		known = append(known, s.path[strings.LastIndexByte(s.path, '.')+1:])
		for _, set := range s.settings {
			known = append(known, set.name)
		}
	}
	if like := similar(topic[strings.LastIndexByte(topic, '.')+1:], known); like != "" {
		return fmt.Errorf("there is no setting %q; did you mean %s?", clip(topic), like)
	}
	return fmt.Errorf("there is no setting %q", clip(topic))
}

func (s section) text(b *bytes.Buffer) {
	fmt.Fprintln(b)
	if s.path == "" {
		fmt.Fprintln(b, "TOP LEVEL")
	} else {
		in := ""
		if i := strings.LastIndexByte(s.path, '.'); i >= 0 {
			in = "  in " + s.path[:i]
		}
		fmt.Fprintf(b, "%s { ... }%s\n\n", s.head, in)
		fill(b, "", s.doc)
	}
	fmt.Fprintln(b)
	for _, set := range s.settings {
		set.text(b, set.name)
	}
	if len(s.blocks) > 0 {
		fill(b, "    ", "Blocks: "+strings.Join(s.blocks, ", ")+".")
	}
}

func (s setting) text(b *bytes.Buffer, name string) {
	fmt.Fprintf(b, "    %s  (%s)\n", name, s.facts(""))
	fill(b, "        ", s.doc)
}

func (r refusal) text(b *bytes.Buffer) {
	fmt.Fprintf(b, "    %s\n", r.written())
	fill(b, "        ", r.why+".")
}

// fill writes text in lines of at most textWidth characters, each after indent.
func fill(b *bytes.Buffer, indent, text string) {
	line := indent
	for _, word := range strings.Fields(text) {
		if len(line) > len(indent) && len(line)+1+len(word) > textWidth {
			fmt.Fprintln(b, line)
			line = indent
		}
		if len(line) > len(indent) {
			line += " "
		}
		line += word
	}
	fmt.Fprintln(b, line)
}
