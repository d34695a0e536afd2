//go:build integration

package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// mariadb is a MariaDB server of the test's own, on a unix socket and nothing else.
type mariadb struct {
	t      *testing.T
	dir    string
	socket string
	cmd    *exec.Cmd
	log    *logBuffer
}

// newMariaDB makes a database in which root, from root's own account, may do everything, and starts it.
func newMariaDB(t *testing.T) *mariadb {
	t.Helper()
	for _, program := range []string{"mariadbd", "mariadb-install-db", "mariadb"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%v: test/setup installs it", err)
		}
	}
	dir := tempDir(t)
	// The socket's directory is the server's alone, as Debian's is: it goes and comes with the server.
	m := &mariadb{t: t, dir: dir, socket: filepath.Join(dir, "run", "mysqld.sock"), log: &logBuffer{}}
	out, err := exec.Command("mariadb-install-db", "--no-defaults", "--user=root", "--basedir=/usr", "--datadir="+filepath.Join(dir, "data"),
		"--auth-root-authentication-method=socket", "--auth-root-socket-user=root", "--skip-test-db", "--innodb-log-file-size=4M").CombinedOutput()
	if err != nil {
		t.Fatalf("mariadb-install-db: %v\n%s", err, out)
	}
	m.start()
	return m
}

// start starts the server and waits until it answers.
func (m *mariadb) start() {
	m.t.Helper()
	if err := os.Mkdir(filepath.Dir(m.socket), 0o755); err != nil {
		m.t.Fatal(err)
	}
	m.cmd = exec.Command("mariadbd", "--no-defaults", "--user=root", "--datadir="+filepath.Join(m.dir, "data"), "--socket="+m.socket,
		"--pid-file="+filepath.Join(m.dir, "pid"), "--skip-networking", "--innodb-log-file-size=4M", "--innodb-buffer-pool-size=32M")
	m.cmd.Stdout, m.cmd.Stderr, m.cmd.WaitDelay = m.log, m.log, patience
	if err := m.cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(m.stop)
	eventually(m.t, "MariaDB answers", func() bool {
		return exec.Command("mariadb", "--no-defaults", "--socket="+m.socket, "--execute=select 1").Run() == nil
	})
}

// stop ends the server, and its socket's directory with it. It is fine to stop twice.
func (m *mariadb) stop() {
	if m.cmd == nil {
		return
	}
	m.cmd.Process.Signal(syscall.SIGTERM)
	overdue := time.AfterFunc(patience, func() { m.cmd.Process.Kill() })
	if err := m.cmd.Wait(); err != nil {
		m.t.Errorf("MariaDB ended with %v\n%s", err, m.log)
	}
	overdue.Stop()
	m.cmd = nil
	if err := os.RemoveAll(filepath.Dir(m.socket)); err != nil {
		m.t.Error(err)
	}
}

// run runs statements as the database's root.
func (m *mariadb) run(sql ...string) {
	m.t.Helper()
	cmd := exec.Command("mariadb", "--no-defaults", "--socket="+m.socket)
	cmd.Stdin = strings.NewReader(strings.Join(sql, ";\n") + ";\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		m.t.Fatalf("%v: %v\n%s", sql, err, out)
	}
}
