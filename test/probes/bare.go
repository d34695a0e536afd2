package probes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// bare is the machine without any jail: php-cgi and the native program as an ordinary user, or as root.
type bare struct {
	site    *home
	program string
	uid     uint32
	env     []string
	// leak is a directory that whoever started the worker forgot to close.
	leak *os.File
}

// secret is in the environment of whoever starts workers.
const secret = "LAB_SECRET=only the supervisor knows"

// newBare makes the machine and serves its site as uid.
func (s *Stand) newBare(name, source string, uid uint32) (*bare, error) {
	h, err := s.newHome(name, source, int(uid))
	if err != nil {
		return nil, err
	}
	env, err := s.Environment(name, uid)
	if err != nil {
		return nil, err
	}
	leak, err := os.Open(s.path("neighbour"))
	if err != nil {
		return nil, err
	}
	s.after(leak.Close)
	b := &bare{site: h, program: s.path("bin/worker"), uid: uid, leak: leak, env: []string{"PATH=/usr/bin:/bin", secret}}
	for name, value := range env {
		b.env = append(b.env, name+"="+value)
	}
	return b, s.serve(b, s.path("sendmail"))
}

// serve starts php-cgi on the site's socket, until the stand is closed.
func (s *Stand) serve(b *bare, sendmail string) error {
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: b.site.socket, Net: "unix"})
	if err != nil {
		return err
	}
	ln.SetUnlinkOnClose(false)
	defer ln.Close()
	if err := os.Chmod(b.site.socket, 0o666); err != nil { // as php-cgi -b leaves it to the umask
		return err
	}
	f, err := ln.File()
	if err != nil {
		return err
	}
	defer f.Close()
	if err := syscall.SetNonblock(int(f.Fd()), false); err != nil { // php-cgi must block in accept
		return err
	}
	cmd := exec.Command("php-cgi", "-d", "ffi.enable=true", "-d", "sendmail_path="+sendmail)
	cmd.Stdin, cmd.ExtraFiles, cmd.Env, cmd.Dir = f, []*os.File{b.leak}, b.env, "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, Credential: &syscall.Credential{Uid: b.uid, Gid: b.uid}}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.after(func() error {
		err := cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		return err
	})
	b.site.worker = func() (int, error) { return cmd.Process.Pid, nil }
	return nil
}

func (b *bare) home() *home { return b.site }

func (b *bare) native(p *Probe) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, b.program, "try", p.Name)
	cmd.Env, cmd.Dir, cmd.WaitDelay, cmd.ExtraFiles = b.env, "/", time.Second, []*os.File{b.leak}
	attr := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, Credential: &syscall.Credential{Uid: b.uid, Gid: b.uid}}
	switch p.Bare {
	case AsRoot:
		attr.Credential = &syscall.Credential{}
	case InNamespaces:
		attr.Cloneflags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: int(b.uid), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: int(b.uid), Size: 1}}
		attr.Credential = &syscall.Credential{NoSetGroups: true}
	}
	cmd.SysProcAttr = attr
	return ran(cmd)
}

// ran runs the native program by hand and reads what became of it.
func ran(cmd *exec.Cmd) (string, error) {
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return Killed, nil
	case err != nil:
		return "", fmt.Errorf("run %s: %w %s", filepath.Base(cmd.Path), err, errs.String())
	}
	return NativeOutcome(out.String()), nil
}
