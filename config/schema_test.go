package config

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestTags holds that the tags of every field are sound: the default and the range can be read, the default is in the range.
func TestTags(t *testing.T) {
	walkSettings("", reflect.TypeFor[Config](), func(path string, f field, ft reflect.Type) {
		if f.kind != attribute {
			return
		}
		v := reflect.New(ft).Elem()
		if err := f.setDefault(v); err != nil {
			t.Errorf("%s: default %q: %v", path, f.def, err)
		}
		if len(f.oneof) > 0 && !slices.Contains(f.oneof, f.def) {
			t.Errorf("%s: default %q is none of %v", path, f.def, f.oneof)
		}
		if !v.CanInt() {
			return
		}
		if f.def == "" {
			t.Errorf("%s: a number without a default", path)
		}
		low, high, err := f.bounds(ft)
		if err != nil {
			t.Errorf("%s: range %q to %q: %v", path, f.min, f.max, err)
		}
		if n := v.Int(); n < low || n > high {
			t.Errorf("%s: default %s is not in %s", path, f.def, f.rangeText())
		}
	})
}

// TestNotYet holds that what is refused as not built yet is really unknown, in a block that exists, and that its reason reads as a sentence.
func TestNotYet(t *testing.T) {
	settings, blocks := map[string]field{}, map[string]bool{"": true}
	walkSettings("", reflect.TypeFor[Config](), func(path string, f field, _ reflect.Type) {
		settings[path] = f
		if f.kind != attribute && f.kind != label {
			blocks[path] = true
		}
	})
	for _, r := range notYet {
		path, word, isWord := strings.Cut(r.path, "=")
		f, known := settings[path]
		switch {
		case isWord && (!known || slices.Contains(f.oneof, word) || len(f.oneof) == 0):
			t.Errorf("%s: want a setting that knows only other words", r.path)
		case !isWord && known:
			t.Errorf("%s is supported", r.path)
		}
		parent := ""
		if i := strings.LastIndexByte(path, '.'); i >= 0 {
			parent = path[:i]
		}
		if !blocks[parent] {
			t.Errorf("%s: there is no block %s", r.path, parent)
		}
		if r.why == "" || strings.HasSuffix(r.why, ".") || r.why[:1] != strings.ToUpper(r.why[:1]) {
			t.Errorf("%s: %q is not a sentence without its full stop", r.path, r.why)
		}
	}
}

func TestParseSize(t *testing.T) {
	for _, c := range []struct {
		in   string
		want int64 // -1: an error
	}{
		{"0", 0}, {"0M", 0}, {"1B", 1}, {"1K", 1 << 10}, {"128M", 128 << 20}, {"128m", 128 << 20}, {"1MB", 1 << 20}, {"1MiB", 1 << 20},
		{"1.5G", 3 << 29}, {"1T", 1 << 40}, {"1048576T", 1 << 60},
		{"", -1}, {"1", -1}, {"M", -1}, {"-1M", -1}, {"+1M", -1}, {"1 M", -1}, {"1P", -1}, {"1e3M", -1}, {"infM", -1}, {"NaNM", -1}, {"0x1M", -1},
		{"1048577T", -1}, {"999999999999999T", -1}, {"9999999999999999M", -1}, {"1.M", -1}, {".5M", -1},
	} {
		got, err := parseSize(c.in)
		if c.want < 0 {
			if err == nil {
				t.Errorf("parseSize(%q) = %d, want an error", c.in, got)
			}
		} else if err != nil || got != c.want {
			t.Errorf("parseSize(%q) = %d, %v, want %d", c.in, got, err, c.want)
		}
	}
}

func TestParsePercent(t *testing.T) {
	for _, c := range []struct {
		in   string
		want int64 // -1: an error
	}{
		{"0", 0}, {"0%", 0}, {"1%", 1}, {"100%", 100}, {"999999999%", 999999999},
		{"", -1}, {"%", -1}, {"100", -1}, {"-1%", -1}, {"+1%", -1}, {"1.5%", -1}, {"100 %", -1}, {"1e3%", -1}, {"9999999999%", -1},
	} {
		got, err := parsePercent(c.in)
		if c.want < 0 {
			if err == nil {
				t.Errorf("parsePercent(%q) = %d, want an error", c.in, got)
			}
		} else if err != nil || got != c.want {
			t.Errorf("parsePercent(%q) = %d, %v, want %d", c.in, got, err, c.want)
		}
	}
}
