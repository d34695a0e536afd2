package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The ids of jpm's proxy and workers: of no account.
const (
	proxyUID = 1900000010
	siteUID  = 1900000011
)

// jpmConfig is jpm with a fixed number of workers, which are not replaced after a number of requests, as php-fpm's are not. Everything else, the
// jail too, is its default.
const jpmConfig = `proxy {
  user = "%[1]d"
%[2]s}
pool "bench" {
  listen "unix:%[3]s" {
    owner = "www-data"
    group = "www-data"
  }
  user    = "%[4]d"
  command = [%[5]q]
  scripts {
    root = %[6]q
  }
  php {
    ini = {
%[7]s    }
  }
  workers {
    mode         = "static"
    max          = %[8]d
    max_requests = 0
  }
  jail {
    read  = [%[9]s]
    write = [%[10]s]
%[11]s  }
}
`

// jpmConfigFor is the configuration for a site. proxy is more lines for its proxy block.
func jpmConfigFor(socket string, p php, st site, proxy string) string {
	if proxy != "" {
		proxy = "  " + strings.ReplaceAll(strings.TrimSpace(proxy), "\n", "\n  ") + "\n"
	}
	sockets := ""
	if len(st.sockets) > 0 {
		sockets = "    sockets = [" + quoted(st.sockets) + "]\n"
	}
	return fmt.Sprintf(jpmConfig, proxyUID, proxy, socket, siteUID, p.cgi, st.root, settings(st.ini, "      %q = %q\n"), workers,
		quoted(append([]string{st.root}, st.read...)), quoted(st.write), sockets)
}

// quoted is the elements of a list as HCL has them.
func quoted(list []string) string {
	var words []string
	for _, word := range list {
		words = append(words, fmt.Sprintf("%q", word))
	}
	return strings.Join(words, ", ")
}

// buildJPM builds jpm and jpm-init into dir, beside each other, from the working directory's module.
func buildJPM(ctx context.Context, dir string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", dir+"/", "./cmd/jpm", "./cmd/jpm-init")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build jpm: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// startJPM starts the jpm at bin with its files in dir.
func startJPM(dir, bin string, p php, st site, proxy string) (*server, error) {
	conf, socket := filepath.Join(dir, "jpm.hcl"), filepath.Join(dir, "jpm.sock")
	if err := os.WriteFile(conf, []byte(jpmConfigFor(socket, p, st, proxy)), 0o644); err != nil {
		return nil, err
	}
	s, err := startService(dir, "jpm", bin, "run", "--run-dir", filepath.Join(dir, "run"), "-c", conf)
	if err != nil {
		return nil, err
	}
	return &server{
		service: s,
		site:    st,
		socket:  socket,
		master:  "jpm master",
		rest:    jpmProxy,
		roles:   map[string]string{"jpm-init": "jpm-init", "php-cgi": "php-cgi workers"},
		worker:  "php-cgi workers",
	}, nil
}

// jpmProxy is the role of jpm's proxy.
const jpmProxy = "jpm proxy"
