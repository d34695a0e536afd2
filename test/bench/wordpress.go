package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Where Debian's packages have WordPress and its themes.
const (
	wordpressRoot    = "/usr/share/wordpress"
	wordpressContent = "/var/lib/wordpress/wp-content"
)

// wordpressConfig is an instance's wp-config.php. Its address is what the client asked for, and its jobs are not for visitors to start.
const wordpressConfig = `<?php
define('DB_NAME', 'wordpress');
define('DB_USER', 'wordpress');
define('DB_PASSWORD', 'wordpress');
define('DB_HOST', 'localhost:%s');
define('WP_HOME', 'http://' . $_SERVER['HTTP_HOST']);
define('WP_SITEURL', WP_HOME);
define('DISABLE_WP_CRON', true);
$table_prefix = 'wp_';
defined('ABSPATH') || define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
`

// wordpressPlugin keeps WordPress from sending /index.php to /, which the benchmark's nginx does not pass on.
const wordpressPlugin = "<?php\nremove_action('template_redirect', 'redirect_canonical');\n"

// wordpressInstall is what WordPress' installation page does. The dates are the same in every instance: pages show them.
const wordpressInstall = `<?php
$_SERVER['HTTP_HOST'] = 'wordpress.test';
define('WP_INSTALLING', true);
require %[1]s . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install('Benchmark', 'editor', 'editor@example.org', false, '', 'benchmark');
foreach (['posts' => 'post', 'comments' => 'comment'] as $table => $column) {
	$wpdb->query("UPDATE wp_$table SET {$column}_date = '2026-01-01 12:00:00', {$column}_date_gmt = '2026-01-01 12:00:00'");
}
echo 'installed';
`

// makeWordPress makes an instance of Debian's WordPress in dir, with a MariaDB of its own behind a unix socket. Its scripts run as uid.
func makeWordPress(dir, probe string, uid int) (st site, err error) {
	root := filepath.Join(dir, "wordpress")
	for _, c := range [][2]string{{wordpressRoot, root}, {wordpressContent, filepath.Join(root, "wp-content")}} {
		from, to := c[0], c[1]
		if _, err := os.Stat(from); err != nil {
			return site{}, fmt.Errorf("find WordPress (Debian's wordpress, see test/bench/setup): %w", err)
		}
		// The content's links to themes and plugins are in the package's own tree already.
		if out, err := exec.Command("cp", "--recursive", "--no-clobber", from+"/.", to).CombinedOutput(); err != nil {
			return site{}, fmt.Errorf("copy %s: %w: %s", from, err, out)
		}
	}
	uploads := filepath.Join(root, "wp-content", "uploads")
	if err := errors.Join(os.MkdirAll(uploads, 0o755), os.Chown(uploads, uid, uid), os.Rename(probe, filepath.Join(root, "probe.php"))); err != nil {
		return site{}, err
	}
	db := filepath.Join(dir, "db")
	if err := os.Mkdir(db, 0o755); err != nil {
		return site{}, err
	}
	socket := filepath.Join(db, "mysqld.sock")
	if err := os.WriteFile(filepath.Join(root, "wp-config.php"), fmt.Appendf(nil, wordpressConfig, socket), 0o644); err != nil {
		return site{}, err
	}
	plugins := filepath.Join(root, "wp-content", "mu-plugins")
	if err := os.Mkdir(plugins, 0o755); err != nil {
		return site{}, err
	}
	if err := os.WriteFile(filepath.Join(plugins, "front.php"), []byte(wordpressPlugin), 0o644); err != nil {
		return site{}, err
	}
	st = site{root: root, probe: "probe.php", write: []string{uploads}, sockets: []string{socket}}
	if st.database, err = startMariaDB(db, socket); err != nil {
		return site{}, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, st.database.stop())
		}
	}()
	if err := query(socket, "create database wordpress; create user 'wordpress'@'localhost' identified by 'wordpress'; grant all on wordpress.* to 'wordpress'@'localhost'"); err != nil {
		return site{}, err
	}
	script := filepath.Join(dir, "install.php")
	if err := os.WriteFile(script, fmt.Appendf(nil, wordpressInstall, phpString(root)), 0o600); err != nil {
		return site{}, err
	}
	cmd := exec.Command("php-cgi", "-q", script)
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	if out, err := cmd.CombinedOutput(); err != nil || string(out[max(0, len(out)-len("installed")):]) != "installed" {
		return site{}, fmt.Errorf("install WordPress: %v: %.500s", err, out)
	}
	return st, nil
}

// startMariaDB makes a database in dir, in which root from root's account may do everything, and starts it.
func startMariaDB(dir, socket string) (*service, error) {
	data := "--datadir=" + filepath.Join(dir, "data")
	out, err := exec.Command("mariadb-install-db", "--no-defaults", "--user=root", "--basedir=/usr", data,
		"--auth-root-authentication-method=socket", "--auth-root-socket-user=root", "--skip-test-db", "--innodb-log-file-size=4M").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("mariadb-install-db: %w: %.500s", err, out)
	}
	s, err := startService(dir, "mariadbd", "mariadbd", "--no-defaults", "--user=root", data, "--socket="+socket,
		"--pid-file="+filepath.Join(dir, "pid"), "--skip-networking", "--innodb-log-file-size=4M")
	if err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(50 * time.Millisecond) {
		if err = query(socket, "select 1"); err == nil {
			return s, nil
		}
		if s.ended() != nil || time.Now().After(deadline) {
			return nil, errors.Join(fmt.Errorf("mariadbd does not answer: %w", err), s.stop())
		}
	}
}

// query runs statements as the database's root.
func query(socket, sql string) error {
	if out, err := exec.Command("mariadb", "--no-defaults", "--socket="+socket, "--execute="+sql).CombinedOutput(); err != nil {
		return fmt.Errorf("mariadb: %w: %.200s", err, out)
	}
	return nil
}
