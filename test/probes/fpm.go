package probes

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// fpm is Debian's php-fpm with the pool www as it is shipped. A site there may start programs, so the native program is one of the
// uploads of a hacked site.
type fpm struct {
	site *home
}

// errNoFPM says that the machine has no php-fpm.
var errNoFPM = errors.New("php-fpm is not installed")

var listens = regexp.MustCompile(`(?m)^listen\s*=.*$`)

// startFPM runs php-fpm until the stand is closed.
func (s *Stand) startFPM(name, source string) (*fpm, error) {
	programs, err := filepath.Glob("/usr/sbin/php-fpm[0-9]*")
	if err != nil || len(programs) == 0 {
		return nil, errors.Join(errNoFPM, err)
	}
	program := programs[len(programs)-1]
	version := strings.TrimPrefix(filepath.Base(program), "php-fpm")
	www, err := os.ReadFile("/etc/php/" + version + "/fpm/pool.d/www.conf")
	if err != nil {
		return nil, errors.Join(errNoFPM, err)
	}
	uid, err := account("www-data")
	if err != nil {
		return nil, err
	}
	h, err := s.newHome(name, source, uid)
	if err != nil {
		return nil, err
	}
	env, err := s.Environment(name, uint32(uid))
	if err != nil {
		return nil, err
	}
	// As shipped but for the socket's place. The probes' variables are added, and FFI, by which scripts tell the errno: both are for the
	// probes' sake and stop or allow nothing that a native program would not show as well.
	var conf strings.Builder
	fmt.Fprintf(&conf, "[global]\npid = %[1]s/php-fpm.pid\nerror_log = %[1]s/php-fpm.log\n", s.path(name))
	conf.Write(listens.ReplaceAll(www, []byte("listen = "+h.socket)))
	for _, key := range slices.Sorted(maps.Keys(env)) {
		fmt.Fprintf(&conf, "\nenv[%s] = \"%s\"", key, env[key])
	}
	fmt.Fprintf(&conf, "\nenv[JPM_PROGRAM] = %q\n", s.path("bin/worker"))
	file := s.path(name + "/php-fpm.conf")
	if err := os.WriteFile(file, []byte(conf.String()), 0o644); err != nil {
		return nil, err
	}
	cmd := exec.Command(program, "--nodaemonize", "--fpm-config", file, "-d", "ffi.enable=true", "-d", "sendmail_path="+s.path("sendmail"))
	cmd.Env = append(os.Environ(), secret)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	s.after(func() error {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-ended:
			return err
		case <-time.After(patience):
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			<-ended
			return errors.New("php-fpm did not end on SIGTERM")
		}
	})
	f := &fpm{site: h}
	h.worker = f.worker
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if _, err = f.worker(); err == nil || time.Now().After(deadline) {
			return f, err
		}
	}
}

func account(name string) (uid int, err error) {
	b, err := os.ReadFile("/etc/passwd")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Split(line, ":"); f[0] == name {
			return strconv.Atoi(f[2])
		}
	}
	return 0, fmt.Errorf("no account %s", name)
}

// worker asks for the pid of the worker that answers.
func (f *fpm) worker() (int, error) {
	a, err := f.site.deed("pid")
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(a.body)
}

func (f *fpm) home() *home { return f.site }

func (f *fpm) native(p *Probe) (string, error) {
	a, err := f.site.deed("native", "name", p.Name)
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: %w", p.Name, err)
	case a.status() != "200":
		return "", fmt.Errorf("%s: status %s", p.Name, a.status())
	}
	return NativeOutcome(a.body), nil
}
