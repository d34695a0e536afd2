package jail

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"jpm/config"
)

// state is what a failed start must leave as it was.
type state struct {
	mounts, fds int
	children    []string
	sockets     int
}

// look counts, of mounts, those on or of the spawner's directory and dirs: the host may have others come and go.
func look(t *testing.T, s *Spawner, dirs ...string) state {
	t.Helper()
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	mounts := 0
	for line := range strings.Lines(string(b)) {
		if slices.ContainsFunc(append(dirs, s.base, bin), func(dir string) bool { return strings.Contains(line, dir) }) {
			mounts++
		}
	}
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	socks, err := os.ReadDir("/proc/self/fd/" + strconv.Itoa(s.sock))
	if err != nil {
		t.Fatal(err)
	}
	return state{mounts, len(fds), children(), len(socks)}
}

func (a state) equal(b state) bool {
	return a.mounts == b.mounts && a.fds == b.fds && slices.Equal(a.children, b.children) && a.sockets == b.sockets
}

// A start that fails says at which step and why, and leaves no process, mount, descriptor or socket.
func TestFailedStarts(t *testing.T) {
	h := needRoot(t)
	dir := site(t, map[string]string{"plain": "no program", "sub/x": ""})
	if err := os.Symlink("/etc", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	owned := site(t, nil)
	if err := os.Symlink("/etc", filepath.Join(owned, "data")); err != nil {
		t.Fatal(err)
	}
	os.Chown(owned, siteUID, siteUID)
	s := newSpawner(t, Options{Dir: site(t, nil)})
	for i, c := range []struct {
		name   string
		change func(p *config.Pool)
		step   string
		errno  syscall.Errno
		text   string
	}{
		{"working directory missing", func(p *config.Pool) { p.Jail.Read = []string{dir}; p.Scripts.Root = dir + "/none" }, "working-directory", syscall.ENOENT, ""},
		{"not executable", func(p *config.Pool) { p.Jail.Exec = append(p.Jail.Exec, dir); p.Command = []string{dir + "/plain"} }, "exec", syscall.EACCES, ""},
		{"mount point behind a symlink of the site", func(p *config.Pool) { p.Jail.Read = []string{dir, dir + "/link/ssl"} }, "fill-root", syscall.ELOOP, ""},
		{"source missing", func(p *config.Pool) { p.Jail.Read = []string{dir + "/none"} }, "", syscall.ENOENT, "jail.read " + dir + "/none"},
		{"write path is a file", func(p *config.Pool) { p.Jail.Write = []string{dir + "/plain"} }, "", 0, "is no directory"},
		{"source behind a symlink of the site", func(p *config.Pool) { p.Jail.Read = []string{owned + "/data"} }, "", 0, "is a symlink that others than root can change"},
		{"program missing", func(p *config.Pool) { p.Command = []string{bin + "/none"} }, "", syscall.ENOENT, "command"},
		{"program behind a link to where nothing may run", func(p *config.Pool) { p.Jail.Read = []string{dir}; p.Command = []string{bin + "/elsewhere"} }, "", 0, "jail.exec"},
		{"jpm's own directory", func(p *config.Pool) { p.Jail.Read = []string{filepath.Dir(s.base)} }, "", 0, "jpm's own run directory"},
		{"ends at once", func(p *config.Pool) { p.Command = []string{"/bin/false"} }, "", 0, "exit code 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			os.Remove(bin + "/elsewhere")
			if err := os.Symlink(dir+"/plain", bin+"/elsewhere"); err != nil {
				t.Fatal(err)
			}
			p := workerPool()
			p.Name = fmt.Sprint("failing", i)
			c.change(&p)
			j := compile(t, p, h)
			if err := s.AddPool(j); err != nil {
				t.Fatal(err)
			}
			before := look(t, s, dir, owned)
			_, err := s.Start(startContext(t), j, "x", nil)
			if err == nil {
				t.Fatal("started")
			}
			t.Log(err)
			var step *StepError
			if errors.As(err, &step) != (c.step != "") || c.step != "" && step.Step != c.step {
				t.Errorf("error %v, want one of step %q", err, c.step)
			}
			if c.errno != 0 && !errors.Is(err, c.errno) {
				t.Errorf("error %v, want it to be %v", err, c.errno)
			}
			if !strings.Contains(err.Error(), c.text) {
				t.Errorf("error %v, want %q in it", err, c.text)
			}
			if after := look(t, s, dir, owned); !after.equal(before) {
				t.Errorf("left behind: before %+v, after %+v", before, after)
			}
		})
	}
}

// A program that never accepts is given up when the context ends.
func TestStartTimeout(t *testing.T) {
	h := needRoot(t)
	s := newSpawner(t, Options{})
	j := compile(t, pool("sleepy", "/usr/bin/sleep", "100"), h)
	if err := s.AddPool(j); err != nil {
		t.Fatal(err)
	}
	before := look(t, s)
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	if _, err := s.Start(ctx, j, "x", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Start = %v, want deadline exceeded", err)
	}
	if after := look(t, s); !after.equal(before) {
		t.Errorf("left behind: before %+v, after %+v", before, after)
	}
}
