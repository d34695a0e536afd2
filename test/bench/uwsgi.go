package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
)

// startUWSGI starts Debian's uWSGI with its PHP plugin, files in dir. It speaks the uwsgi protocol. Everything but the number of
// processes and the user is its default; request logging is off, as everywhere here.
func startUWSGI(dir string, st site) (*server, error) {
	if _, err := exec.LookPath("uwsgi"); err != nil {
		return nil, fmt.Errorf("find uWSGI (Debian's uwsgi-core and uwsgi-plugin-php, see test/bench/setup): %w", err)
	}
	socket := filepath.Join(dir, "uwsgi.sock")
	argv := []string{"uwsgi", "--need-plugin", "php", "--master", "--die-on-term", "--disable-logging",
		"--processes", strconv.Itoa(workers), "--socket", socket, "--chown-socket", "www-data:www-data", "--chmod-socket=660",
		"--uid", "www-data", "--gid", "www-data", "--php-allowed-ext", ".php"}
	for name, value := range st.ini {
		argv = append(argv, "--php-set", name+"="+value)
	}
	s, err := startService(dir, "uwsgi", argv...)
	if err != nil {
		return nil, err
	}
	return &server{
		service: s,
		site:    st,
		socket:  socket,
		uwsgi:   true,
		master:  "uWSGI master",
		rest:    "uWSGI workers",
		worker:  "uWSGI workers",
	}, nil
}
