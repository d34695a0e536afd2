// Command reference writes the reference of jpm's settings to the file that it is given.
package main

import (
	"bytes"
	"fmt"
	"os"

	"jpm/config"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "reference:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: reference FILE")
	}
	var b bytes.Buffer
	if err := config.Reference(&b); err != nil {
		return err
	}
	return os.WriteFile(args[0], b.Bytes(), 0o644)
}
