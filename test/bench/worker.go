package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"jpm/config"
	"jpm/jail"
)

// The ways to start one php-cgi with nothing around it.
const (
	bare       = "bare php-cgi"
	jailed     = "jailed php-cgi"
	bubblewrap = "php-cgi in bubblewrap"
)

// worker is one running php-cgi with a connection to it.
type worker struct {
	conn *os.File
	pid  int // of php-cgi itself
	end  func() error
}

// starter starts php-cgi in one way.
type starter struct {
	// start comes back when php-cgi has been started, or, in a jail, when it has accepted the connection.
	start func(ctx context.Context) (*worker, error)
	// script is the page to ask it for.
	script string
	close  func()
}

// newStarter prepares a way to start workers. The caller closes it after the last of them has ended.
func newStarter(r *rig, way string) (*starter, error) {
	dir, err := r.place()
	if err != nil {
		return nil, err
	}
	st, err := makeSite("", dir, siteUID)
	if err != nil {
		return nil, err
	}
	s := &starter{script: filepath.Join(st.root, "small.php"), close: func() {}}
	// What a jail's php.ini says too and what costs each request a few system calls: php-cgi does not look for .user.ini files.
	cgi := []string{r.php.cgi, "-d", "user_ini.filename="}
	switch way {
	case bare:
		s.start = func(context.Context) (*worker, error) { return startBare(dir, cgi...) }
		return s, nil
	case bubblewrap:
		bwrap, err := exec.LookPath("bwrap")
		if err != nil {
			return nil, fmt.Errorf("find bubblewrap (Debian's bubblewrap, see test/bench/setup): %w", err)
		}
		argv := append(bubblewrapArgs(bwrap, st.root), cgi...)
		s.start = func(context.Context) (*worker, error) { return startBare(dir, argv...) }
		return s, nil
	case jailed:
		return s, jailStarter(s, r, dir, st)
	}
	return nil, fmt.Errorf("start %q: no such way", way)
}

// bubblewrapArgs is a jail of bubblewrap's that is as close to jpm's as its options go: the same files, new namespaces of every kind, no
// capabilities. There is no system call filter: bubblewrap takes one, but has none.
func bubblewrapArgs(bwrap, root string) []string {
	return []string{bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv", "--setenv", "PHP_FCGI_MAX_REQUESTS", "0",
		"--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64",
		"--ro-bind", "/etc/php", "/etc/php", "--ro-bind", "/etc/ld.so.cache", "/etc/ld.so.cache", "--ro-bind", "/usr/share/zoneinfo", "/usr/share/zoneinfo",
		"--ro-bind", root, root, "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--"}
}

// startBare starts argv as the site's user, with a listening socket in dir as descriptor 0, and connects to that.
func startBare(dir string, argv ...string) (_ *worker, err error) {
	path := filepath.Join(dir, "worker.sock")
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	lfd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	listener := os.NewFile(uintptr(lfd), path)
	defer listener.Close()
	if err := errors.Join(unix.Bind(lfd, &unix.SockaddrUnix{Name: path}), unix.Listen(lfd, 8)); err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	// Connected before anybody accepts: the kernel keeps it, and what is sent, until php-cgi does.
	cfd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	if err := errors.Join(unix.Connect(cfd, &unix.SockaddrUnix{Name: path}), unix.SetNonblock(cfd, true)); err != nil {
		return nil, errors.Join(fmt.Errorf("connect to %s: %w", path, err), unix.Close(cfd))
	}
	conn := os.NewFile(uintptr(cfd), path)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stderr = listener, os.Stderr
	cmd.Env = []string{"PHP_FCGI_MAX_REQUESTS=0"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: &syscall.Credential{Uid: siteUID, Gid: siteUID}}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", argv[0], err), conn.Close())
	}
	return &worker{conn: conn, pid: cmd.Process.Pid, end: func() error {
		// bubblewrap's child goes with it (--die-with-parent).
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed: that is no news
		return conn.Close()
	}}, nil
}

// jailStarter makes s start workers as jpm's master does, in the default jail. It reads the configuration that jpm gets in the other rows.
func jailStarter(s *starter, r *rig, dir string, st site) error {
	conf := filepath.Join(dir, "jpm.hcl")
	if err := os.WriteFile(conf, []byte(jpmConfigFor(filepath.Join(dir, "jpm.sock"), r.php, st, "")), 0o644); err != nil {
		return err
	}
	c, err := config.Load(conf)
	if err != nil {
		return err
	}
	host, err := jail.Probe()
	if err != nil {
		return err
	}
	j, err := jail.Compile(c.Pools[0], host)
	if err != nil {
		return err
	}
	spawner, err := jail.NewSpawner(jail.Options{Init: filepath.Join(r.dir, "jpm-init"), Dir: filepath.Join(dir, "run")})
	if err != nil {
		return err
	}
	if err := spawner.AddPool(j); err != nil {
		spawner.Close()
		return err
	}
	s.close = spawner.Close
	s.start = func(ctx context.Context) (*worker, error) {
		w, err := spawner.Start(ctx, j, "bench", nil)
		if err != nil {
			return nil, err
		}
		return &worker{conn: w.Conn(), pid: w.Pid(), end: func() error {
			w.Close()
			return errors.Join(w.Conn().Close(), w.Log().Close())
		}}, nil
	}
	return nil
}

// answerTimeout is how long a worker may take for small.php.
const answerTimeout = 10 * time.Second

// first starts a worker, asks it once, and says how long both took together. The caller ends the worker.
func (s *starter) first(ctx context.Context) (*worker, *fcgiClient, time.Duration, error) {
	request := fcgiRequest(s.script)
	begin := time.Now()
	w, err := s.start(ctx)
	if err != nil {
		return nil, nil, 0, err
	}
	err = w.conn.SetDeadline(begin.Add(answerTimeout))
	client := newFCGIClient(w.conn)
	var page []byte
	if err == nil {
		page, err = client.ask(request)
	}
	took := time.Since(begin)
	if err == nil && !bytes.HasSuffix(page, []byte("\r\n\r\nhello\n")) {
		err = fmt.Errorf("small.php answers %q", page)
	}
	if err != nil {
		return nil, nil, 0, errors.Join(err, w.end())
	}
	return w, client, took, w.conn.SetDeadline(time.Time{})
}
