package main

import (
	_ "embed"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// demoPage in PHP: the same attempts as the Go worker's, as an ordinary script.
//
//go:embed demo.php
var demoScript string

// demoPHP writes the demo's PHP site. What it is to try comes in place of two words, since the jail's environment is empty.
func demoPHP(site, neighbour string, port int) error {
	page := strings.NewReplacer("@NEIGHBOUR@", neighbour, "@PORT@", strconv.Itoa(port)).Replace(demoScript)
	return os.WriteFile(filepath.Join(site, "index.php"), []byte(page), 0o644)
}
