package config

import (
	"bytes"
	"os"
	"reflect"
	"strings"
	"testing"
)

func TestReferenceIsFresh(t *testing.T) {
	var b bytes.Buffer
	if err := Reference(&b); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile("../docs/config.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file, b.Bytes()) {
		t.Error("docs/config.md is stale: run go generate ./config")
	}
}

// TestReferenceIsWhole holds that every setting and block is in the reference with a meaning of its own.
func TestReferenceIsWhole(t *testing.T) {
	all, err := sections()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, s := range all {
		found[s.path] = s.doc
		for _, set := range s.settings {
			found[set.path] = set.doc
		}
	}
	walkSettings("", reflect.TypeFor[Config](), func(path string, _ field, _ reflect.Type) {
		if doc := found[path]; len(strings.Fields(doc)) < 2 || !strings.HasSuffix(doc, ".") {
			t.Errorf("%s: %q is not a sentence", path, doc)
		}
	})
}

func TestReferenceText(t *testing.T) {
	for _, c := range []struct {
		topic  string
		want   []string
		absent []string
	}{
		{"", []string{"EXAMPLE", `pool "shop" {`, "max_requests  (whole number, default 1000)", "NOT SUPPORTED", `pool.workers.mode = "dynamic"`}, nil},
		{"pool.workers.max", []string{"pool.workers.max  (whole number: 1 to 4096, default 4)", "The number of workers"}, []string{"max_requests", "{ ... }"}},
		{"workers", []string{"workers { ... }  in pool", "max_requests", `mode = "dynamic"`}, []string{"header_timeout", "ping_path"}},
		{"timeout", []string{"pool.queue.timeout", "pool.request.timeout"}, []string{"header_timeout"}},
		{"pool", []string{`pool "NAME" { ... }`, `listen "ADDRESS" { ... }  in pool`, "umask"}, []string{"log { ... }"}},
		{"network", []string{"pool.jail.network  (text: none, loopback or host"}, []string{"Not supported by this version"}},
		{"memory", []string{"pool.limits.memory  (size", "pool.limits.pool.memory  (size"}, []string{"Not supported by this version"}},
		{"ping_path", []string{"Not supported by this version", "ping page"}, nil},
	} {
		var b bytes.Buffer
		if err := ReferenceText(&b, c.topic); err != nil {
			t.Errorf("ReferenceText(%q) = %v", c.topic, err)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("ReferenceText(%q) lacks %q:\n%s", c.topic, want, b.String())
			}
		}
		for _, absent := range c.absent {
			if strings.Contains(b.String(), absent) {
				t.Errorf("ReferenceText(%q) holds %q:\n%s", c.topic, absent, b.String())
			}
		}
	}
	for topic, want := range map[string]string{
		"workers.maxx": "did you mean max?",
		"nonsense":     `there is no setting "nonsense"`,
	} {
		var b bytes.Buffer
		if err := ReferenceText(&b, topic); err == nil || !strings.Contains(err.Error(), want) || b.Len() > 0 {
			t.Errorf("ReferenceText(%q) = %v with %q, want an error with %q and no text", topic, err, b.String(), want)
		}
	}
}
