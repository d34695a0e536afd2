//go:build integration

package test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// site is a pool of a test's configuration. The zero value is four php-cgi workers that serve test/site.
type site struct {
	name    string   // "site" if empty
	user    int      // siteID if 0
	command []string // php-cgi if empty
	root    string   // a fresh copy of test/site if empty
	noRule  bool     // no scripts.root: the worker is no interpreter
	pool    string   // further lines of the pool's block
	listen  string   // further lines of its listen block

	workers, queue, request, limits, php string // lines of the block of that name
	jail                                 string // lines of the jail block; it may read the root if they do not say what it may
}

// newJPM writes the configuration and starts nothing.
func newJPM(t *testing.T, sites ...site) *jpm {
	t.Helper()
	j := &jpm{t: t, dir: tempDir(t), address: fmt.Sprintf("127.0.0.1:%d", freePort(t)), log: &logBuffer{}}
	var b strings.Builder
	fmt.Fprintf(&b, "status {\n  listen = %q\n}\nproxy {\n  user = \"%d\"\n}\n", j.address, proxyID)
	for _, s := range sites {
		j.writeSite(&b, s)
	}
	j.write("jpm.hcl", b.String())
	return j
}

func (j *jpm) writeSite(b *strings.Builder, s site) {
	if s.name == "" {
		s.name = "site"
	}
	if s.user == 0 {
		s.user = siteID
	}
	if len(s.command) == 0 {
		s.command = []string{"/usr/bin/php-cgi"}
	}
	if s.workers == "" {
		s.workers = "max = 4"
	}
	// How long a worker takes to start, and a request to get one, is nothing that a busy machine promises.
	if !strings.Contains(s.workers, "start_timeout") {
		s.workers += fmt.Sprintf("\nstart_timeout = %q", patience)
	}
	if s.queue == "" {
		s.queue = fmt.Sprintf("timeout = %q", patience)
	}
	if s.root == "" && !s.noRule {
		s.root = filepath.Join(j.dir, s.name)
		if err := os.CopyFS(s.root, os.DirFS("site")); err != nil {
			j.t.Fatal(err)
		}
	}
	command, _ := json.Marshal(s.command)
	fmt.Fprintf(b, "pool %q {\n", s.name)
	fmt.Fprintf(b, "listen \"unix:%s\" {\nowner = \"www-data\"\n%s\n}\n", j.socket(s.name), s.listen)
	fmt.Fprintf(b, "user = \"%d\"\ncommand = %s\n%s\n", s.user, command, s.pool)
	if s.root != "" {
		fmt.Fprintf(b, "scripts {\nroot = %q\n}\n", s.root)
		if !strings.Contains(s.jail, "read = ") {
			s.jail = fmt.Sprintf("read = [%q]\n%s", s.root, s.jail)
		}
	}
	blocks := []struct{ name, lines string }{
		{"workers", s.workers}, {"queue", s.queue}, {"request", s.request}, {"limits", s.limits}, {"php", s.php}, {"jail", s.jail},
	}
	for _, block := range blocks {
		if block.lines != "" {
			fmt.Fprintf(b, "%s {\n%s\n}\n", block.name, block.lines)
		}
	}
	fmt.Fprintf(b, "}\n")
}

func (j *jpm) socket(name string) string { return filepath.Join(j.dir, name+".sock") }
