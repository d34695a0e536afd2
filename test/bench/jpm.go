package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// jpmConfig is jpm with a fixed number of workers, which are not replaced after a number of requests, as php-fpm's are not. Everything else, the
// jail too, is its default.
const jpmConfig = `proxy {
  user = "1900000010"
}
pool "bench" {
  listen "unix:%[1]s/jpm.sock" {
    owner = "www-data"
    group = "www-data"
  }
  user    = "1900000011"
  command = [%[3]q]
  scripts {
    root = "%[1]s/www"
  }
  workers {
    mode         = "static"
    max          = %[2]d
    max_requests = 0
  }
  jail {
    read = ["%[1]s/www"]
  }
}
`

// buildJPM builds jpm and jpm-init into dir, beside each other, from the working directory's module.
func buildJPM(ctx context.Context, dir string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", dir+"/", "./cmd/jpm", "./cmd/jpm-init")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build jpm: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// startJPM starts the jpm that buildJPM has left in dir, with its files there too.
func startJPM(dir string, p php) (*server, error) {
	conf := filepath.Join(dir, "jpm.hcl")
	if err := os.WriteFile(conf, fmt.Appendf(nil, jpmConfig, dir, workers, p.cgi), 0o644); err != nil {
		return nil, err
	}
	s, err := startService(dir, "jpm", filepath.Join(dir, "jpm"), "run", "--run-dir", filepath.Join(dir, "run"), "-c", conf)
	if err != nil {
		return nil, err
	}
	return &server{
		service: s,
		socket:  filepath.Join(dir, "jpm.sock"),
		master:  "jpm master",
		rest:    "jpm proxy",
		roles:   map[string]string{"jpm-init": "jpm-init", "php-cgi": "php-cgi workers"},
		worker:  "php-cgi workers",
	}, nil
}
