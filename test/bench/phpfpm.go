package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// php is where Debian has one version of PHP, the same for both sides.
type php struct {
	cgi, fpm string
}

// findPHP takes the version that /usr/bin/php-cgi stands for.
func findPHP() (php, error) {
	cgi, err := filepath.EvalSymlinks("/usr/bin/php-cgi")
	if err != nil {
		return php{}, fmt.Errorf("find php-cgi: %w", err)
	}
	p := php{cgi: cgi, fpm: "/usr/sbin/php-fpm" + strings.TrimPrefix(filepath.Base(cgi), "php-cgi")}
	if _, err := os.Stat(p.fpm); err != nil {
		return php{}, fmt.Errorf("find the php-fpm that goes with %s: %w", cgi, err)
	}
	return p, nil
}

// fpmConfig is php-fpm with a fixed number of workers. Everything else is its default or, as php.ini, Debian's.
const fpmConfig = `[global]
pid = %[1]s/php-fpm.pid
error_log = %[1]s/php-fpm.log
[bench]
user = www-data
group = www-data
listen = %[1]s/php-fpm.sock
listen.owner = www-data
listen.group = www-data
pm = static
pm.max_children = %[2]d
%[3]s`

// sharedMemory is a tmpfs that Linux systems have. A jail's /tmp is one, so where files are uploaded php-fpm gets one too.
const sharedMemory = "/dev/shm"

// startFPM starts php-fpm with its files in dir.
func startFPM(dir string, p php, st site) (*server, error) {
	ini := settings(st.ini, "php_value[%s] = %s\n")
	if st.ini["upload_max_filesize"] != "" {
		ini += "php_admin_value[upload_tmp_dir] = " + sharedMemory + "\n"
	}
	conf := filepath.Join(dir, "php-fpm.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, fpmConfig, dir, workers, ini), 0o644); err != nil {
		return nil, err
	}
	s, err := startService(dir, "php-fpm", p.fpm, "--nodaemonize", "--fpm-config", conf)
	if err != nil {
		return nil, err
	}
	return &server{
		service: s,
		site:    st,
		socket:  filepath.Join(dir, "php-fpm.sock"),
		master:  "php-fpm master",
		rest:    "php-fpm workers",
		worker:  "php-fpm workers",
	}, nil
}
