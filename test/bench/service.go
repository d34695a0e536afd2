package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// service is a program that runs in the foreground while the benchmark does, with the processes it starts.
type service struct {
	name string
	log  string // the file that has its standard output and error
	cmd  *exec.Cmd
	done chan struct{} // closed when the program itself has ended and err is set
	err  error
	seen []process // its processes, as last looked at
}

// stopTimeout is how long a service may take to end after SIGTERM.
const stopTimeout = 10 * time.Second

// startService starts argv with its output in dir/NAME.out. The caller stops it.
func startService(dir, name string, argv ...string) (*service, error) {
	s := &service{name: name, log: filepath.Join(dir, name+".out"), done: make(chan struct{})}
	log, err := os.Create(s.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	s.cmd = exec.Command(argv[0], argv[1:]...)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	// Its own group: Ctrl-C is for the benchmark, which then stops the rest in order.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		s.err = s.cmd.Wait()
		close(s.done)
	}()
	return s, nil
}

// processes is the program and all its descendants, the program first.
func (s *service) processes() ([]process, error) {
	processes, err := tree(s.cmd.Process.Pid)
	if err == nil {
		s.seen = processes
	}
	return processes, err
}

// ended tells why the service no longer runs, with the end of its log; nil while it runs.
func (s *service) ended() error {
	select {
	case <-s.done:
		return fmt.Errorf("%s ended (%v): %s", s.name, s.err, s.tail())
	default:
		return nil
	}
}

// tail is the last lines of the service's log.
func (s *service) tail() string {
	out, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}

// stop ends the service: SIGTERM, then SIGKILL. That it had ended before is an error, and so is what it leaves behind of its processes; that is
// killed too.
func (s *service) stop() error {
	var errs []error
	if err := s.ended(); err != nil {
		errs = append(errs, err)
	} else {
		if _, err := s.processes(); err != nil {
			errs = append(errs, err)
		}
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
	}
	select {
	case <-s.done:
	case <-time.After(stopTimeout):
		errs = append(errs, fmt.Errorf("%s still runs %v after SIGTERM: %s", s.name, stopTimeout, s.tail()))
		_ = s.cmd.Process.Kill()
		<-s.done
	}
	// Children that end by themselves may take a moment longer than their parent.
	left := survivors(s.seen)
	for deadline := time.Now().Add(2 * time.Second); len(left) > 0 && time.Now().Before(deadline); left = survivors(left) {
		time.Sleep(20 * time.Millisecond)
	}
	for _, p := range left {
		errs = append(errs, fmt.Errorf("%s left %s (process %d) behind", s.name, p.name, p.pid))
		_ = syscall.Kill(p.pid, syscall.SIGKILL)
	}
	return errors.Join(errs...)
}

// survivors is those of processes that still run.
func survivors(processes []process) []process {
	var left []process
	for _, p := range processes {
		if p.alive() {
			left = append(left, p)
		}
	}
	return left
}
