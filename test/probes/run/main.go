// Command run makes the probes of jpm/test/probes and prints their table. With -doc FILE it also replaces the table in that file.
// It needs root. Its exit code is 1 when a probe that must be held is not.
package main

import (
	"flag"
	"fmt"
	"os"

	"jpm/test/probes"
)

func main() {
	doc := flag.String("doc", "", "a Markdown `file` whose table is replaced")
	flag.Parse()
	if err := run(*doc); err != nil {
		fmt.Fprintln(os.Stderr, "probes:", err)
		os.Exit(1)
	}
}

func run(doc string) error {
	source, err := os.Getwd()
	if err != nil {
		return err
	}
	r, err := probes.Run(source, "/srv")
	if err != nil {
		return err
	}
	if err := r.Print(os.Stdout); err != nil {
		return err
	}
	if doc != "" {
		if err := probes.ReplaceSection(doc, "probes", r.Markdown()); err != nil {
			return err
		}
	}
	if failed := r.Failed(); len(failed) > 0 {
		return fmt.Errorf("%d are not held", len(failed))
	}
	return nil
}
