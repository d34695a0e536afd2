package probes

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// Stand is what the probes aim at: a neighbour with files, sockets, keys and a process that any user of the machine can reach, so
// that only a jail says no. It lies in a directory of its own. Close takes all of it away.
type Stand struct {
	// Dir holds everything, and bin/, where Build puts the programs.
	Dir string
	// env is what the probes are told, by the names they know.
	env map[string]string

	// one is the uid of an ordinary user who runs jpm, and so of all pools; 0: root runs it.
	one int

	undo []func() error
}

// key is the neighbour's, of System V communication; nobody else is likely to have it.
const key = 0x6a706d70

// NewStand makes a stand in a new directory below parent, which must not be below /tmp: a jail has a /tmp of its own.
func NewStand(parent string) (_ *Stand, err error) {
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(parent, "jpm-probes-")
	if err != nil {
		return nil, err
	}
	s := &Stand{Dir: dir}
	s.after(func() error { return os.RemoveAll(dir) })
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	s.env = map[string]string{
		"LAB_NEIGHBOUR_DIR":    s.path("neighbour"),
		"LAB_NEIGHBOUR_FILE":   s.path("neighbour/config.php"),
		"LAB_NEIGHBOUR_SOCKET": s.path("neighbour.sock"),
		"LAB_CONFIG":           s.path("jpm.hcl"),
		"LAB_ABSTRACT_SOCKET":  filepath.Base(dir),
		"JPM_ABSTRACT":         filepath.Base(dir),
		"JPM_NEIGHBOUR":        s.path("neighbour/config.php"),
		"JPM_OPEN":             s.path("neighbour/open"),
		"JPM_READ":             s.path("read"),
		"JPM_KEY":              strconv.Itoa(key),
		"JPM_QUEUE":            filepath.Base(dir), // of mq_open(2), which has no slash
		"JPM_HOSTNAME":         host,
	}
	for _, step := range []func() error{s.files, s.sockets, s.keys} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *Stand) path(name string) string { return filepath.Join(s.Dir, name) }
func (s *Stand) after(undo func() error) { s.undo = append(s.undo, undo) }

// Close takes everything away, the last first.
func (s *Stand) Close() error {
	var errs []error
	for i := len(s.undo) - 1; i >= 0; i-- {
		errs = append(errs, s.undo[i]())
	}
	s.undo = nil
	return errors.Join(errs...)
}

// Build compiles packages of the module in source into bin/.
func (s *Stand) Build(source string, packages ...string) error {
	for _, pkg := range packages {
		cmd := exec.Command("go", "build", "-buildvcs=false", "-ldflags=-s -w", "-o", s.path("bin")+"/", pkg)
		cmd.Dir, cmd.Env = source, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
		}
	}
	return nil
}

// NativeProgram is the package of the native program; Build makes bin/worker of it.
const NativeProgram = "./jail/testdata/worker"

func (s *Stand) files() error {
	for name, mode := range map[string]os.FileMode{"neighbour": 0o755, "bin": 0o755, "read": 0o755} {
		if err := os.Mkdir(s.path(name), mode); err != nil {
			return err
		}
	}
	for name, f := range map[string]struct {
		mode os.FileMode
		text string
	}{
		"neighbour/config.php":  {0o644, "<?php $password = 'secret';\n"},
		"neighbour/outside.php": {0o644, "<?php echo 'it ran';\n"},
		"neighbour/open":        {0o666, "everybody's\n"},
		"jpm.hcl":               {0o644, "# jpm's configuration\n"},
		"sendmail":              {0o755, "#!/bin/sh\ncat >/dev/null\n"},
		"read/file":             {0o644, "mine\n"},
	} {
		if err := os.WriteFile(s.path(name), []byte(f.text), f.mode); err != nil {
			return err
		}
		if err := os.Chmod(s.path(name), f.mode); err != nil {
			return err
		}
	}
	f, err := os.CreateTemp("/tmp", "jpm-probes-")
	if err != nil {
		return err
	}
	s.env["JPM_TMPFILE"] = f.Name()
	s.after(func() error { return os.Remove(f.Name()) })
	// A directory of whatever runs here; a jail's /run is made for it.
	running, err := os.MkdirTemp("/run", "jpm-probes-")
	if err != nil {
		return err
	}
	s.env["JPM_RUN"] = running
	s.after(func() error { return os.Remove(running) })
	if _, err := f.WriteString("the neighbour's\n"); err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o644), f.Close())
}

// sockets take connections and say nothing on them.
func (s *Stand) sockets() error {
	listen := func(network, address string) (net.Listener, error) {
		ln, err := net.Listen(network, address)
		if err != nil {
			return nil, err
		}
		s.after(ln.Close)
		go func() {
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				c.Close()
			}
		}()
		return ln, nil
	}
	tcp, err := listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	_, port, _ := net.SplitHostPort(tcp.Addr().String())
	s.env["LAB_TCP_PORT"], s.env["JPM_TCP"] = port, tcp.Addr().String()
	s.env["JPM_TCP6"] = "[::1]:" + port
	if tcp6, err := listen("tcp6", "[::1]:0"); err == nil { // a machine without IPv6 has none
		s.env["JPM_TCP6"] = tcp6.Addr().String()
	}
	if _, err := listen("unix", "@"+filepath.Base(s.Dir)); err != nil {
		return err
	}
	if _, err := listen("unix", s.env["LAB_NEIGHBOUR_SOCKET"]); err != nil {
		return err
	}
	return os.Chmod(s.env["LAB_NEIGHBOUR_SOCKET"], 0o666)
}

// keys are System V memory, semaphores and queue, and a POSIX queue.
func (s *Stand) keys() error {
	for _, c := range []struct {
		get, ctl uintptr
		args     []uintptr
	}{
		{unix.SYS_SHMGET, unix.SYS_SHMCTL, []uintptr{key, 4096, 0o1666, 0}},
		{unix.SYS_SEMGET, unix.SYS_SEMCTL, []uintptr{key, 1, 0o1666, 0}},
		{unix.SYS_MSGGET, unix.SYS_MSGCTL, []uintptr{key, 0o1666, 0, 0}},
	} {
		id, _, e := unix.Syscall(c.get, c.args[0], c.args[1], c.args[2])
		if e != 0 {
			return fmt.Errorf("make a System V object: %w", e)
		}
		s.after(func() error {
			command := []uintptr{id, unix.IPC_RMID, 0}
			if c.ctl == unix.SYS_SEMCTL {
				command = []uintptr{id, 0, unix.IPC_RMID}
			}
			if _, _, e := unix.Syscall(c.ctl, command[0], command[1], command[2]); e != 0 {
				return fmt.Errorf("remove a System V object: %w", e)
			}
			return nil
		})
	}
	name, err := unix.BytePtrFromString(s.env["JPM_QUEUE"])
	if err != nil {
		return err
	}
	fd, err := openQueue(name)
	if err != nil {
		return fmt.Errorf("make a POSIX queue: %w", err)
	}
	s.after(func() error { return removeQueue(name) })
	return errors.Join(unix.Fchmod(fd, 0o666), unix.Close(fd))
}

// sibling is a process of a user that does nothing until Close.
func (s *Stand) sibling(uid uint32) (pid int, err error) {
	cmd := exec.Command("sleep", "3600")
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	s.after(func() error {
		err := cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		return err
	})
	return cmd.Process.Pid, nil
}
