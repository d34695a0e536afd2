package jail

import (
	"cmp"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A native program tries things from inside. Each probe also runs outside of the jail, as root, to show that it does what
// it says: a denial of something that never worked proves nothing.
func TestDenials(t *testing.T) {
	h := needRoot(t)
	neighbour := site(t, map[string]string{"secret": "other people's"})
	read := site(t, map[string]string{"file": "mine"})
	write := site(t, nil)
	if err := os.Chown(write, siteUID, siteUID); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(write, "link")); err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	abstract, err := net.Listen("unix", "@"+filepath.Base(write))
	if err != nil {
		t.Fatal(err)
	}
	defer abstract.Close()
	environment := map[string]string{"JPM_NEIGHBOUR": neighbour + "/secret", "JPM_READ": read, "JPM_WRITE": write,
		"JPM_TCP": tcp.Addr().String(), "JPM_ABSTRACT": filepath.Base(write)}

	p := workerPool()
	p.Env = environment
	p.Jail.Read, p.Jail.Write = []string{read}, []string{write}
	p.Limits.FileSize = 4 << 20
	p.Limits.Tmp = 2 << 20
	s := newSpawner(t, Options{})
	j := compile(t, p, h)
	if err := s.AddPool(j); err != nil {
		t.Fatal(err)
	}
	w := start(t, s, j)

	const worked = "ok"
	for _, c := range []struct {
		probe        string
		jailed, bare string // bare "" means: not run outside, with the reason beside it
	}{
		{"nothing", worked, worked},
		{"threads", worked, worked},
		{"args", worked, ""},        // run outside it has arguments
		{"environment", worked, ""}, // the test's own is another
		{"descriptors", worked, ""}, // as above
		{"read-own", worked, worked},
		{"write-write", worked, worked},
		{"write-tmp", worked, ""}, // would leave a file in the host's /tmp
		{"dev-null", worked, worked},
		{"dev-urandom", worked, worked},
		{"socket-unix", worked, worked},

		{"read-shadow", "ENOENT", worked},
		{"read-neighbour", "ENOENT", worked},
		{"climb", "ENOENT", worked},
		{"list-root-home", "ENOENT", worked},
		{"write-read", "EROFS", worked},
		{"write-usr", "EROFS", ""}, // would litter the host
		{"write-root", "EROFS", ""},
		{"write-etc", "EROFS", ""},
		{"self-mem", "EROFS", worked},
		{"proc-1", "ENOENT", worked},
		{"proc-cpuinfo", "ENOENT", worked},
		{"oom-score", "EROFS", worked},
		{"dev-tty", "ENOENT", worked},
		{"symlink-write", "ELOOP", worked},
		{"exec-write", "EACCES", worked},
		{"map-exec-tmp", "EPERM", worked},
		{"make-suid", "EPERM", worked},
		{"mknod", "EPERM", worked},
		{"chown", "EPERM", worked},
		{"memory-exec", memoryExec(h), worked},
		{"connect-ip", "EAFNOSUPPORT", worked},
		{"connect-abstract", "ECONNREFUSED", worked},
		{"socket-raw", "EPERM", worked},
		{"socket-netlink", "EAFNOSUPPORT", worked},
		{"fork", "EPERM", worked},
		{"clone-newuser", "EPERM", ""}, // would go on as two programs
		{"clone3", "ENOSYS", "EINVAL"}, // EINVAL: the kernel has looked at the arguments
		{"exec", "EPERM", ""},          // the probe would be another program
		{"kill-init", "EPERM", worked},
		{"kill-parent", "EPERM", worked},
		{"setuid-0", "EPERM", worked},
		{"setgroups", "EPERM", worked},
		{"raise-nofile", "EPERM", ""}, // depends on the host's own limits
		{"dumpable", "EPERM", worked},
		{"fill-tmp", "ENOSPC", ""}, // 256 MiB of the host's /tmp
		{"new-syscall", "ENOSYS", "ENOSYS"},
	} {
		t.Run(c.probe, func(t *testing.T) {
			if c.bare != "" {
				if got := bare(t, c.probe, environment); got != c.bare {
					t.Errorf("outside the jail: %s, want %s: the probe proves nothing", got, c.bare)
				}
				os.Remove(filepath.Join(read, "new"))
				for _, f := range []string{"new", "suid", "null", "map", "prog"} {
					os.Remove(filepath.Join(write, f))
				}
				os.Chown(write, siteUID, siteUID)
			}
			if got := body(t, w, "", "try="+c.probe); got != c.jailed {
				t.Errorf("in the jail: %s, want %s", got, c.jailed)
			}
		})
	}
}

// A call that no honest worker makes kills it, and the master learns by which signal.
func TestTripwires(t *testing.T) {
	h := needRoot(t)
	s := newSpawner(t, Options{})
	j := compile(t, workerPool(), h)
	if err := s.AddPool(j); err != nil {
		t.Fatal(err)
	}
	called := map[string]string{"io_uring": "io_uring_setup", "socket-alg": "socket", "x32": "1073741863"}
	probes := []string{"ptrace", "mount", "unshare", "splice", "bpf", "io_uring", "keyctl", "userfaultfd", "personality", "socket-alg"}
	if unix.SYS_GETPID == 39 { // amd64
		probes = append(probes, "x32")
	}
	for _, probe := range probes {
		t.Run(probe, func(t *testing.T) {
			if out := bare(t, probe, nil); strings.Contains(out, "signal") || out == "no such probe" {
				t.Fatalf("outside the jail: %s, want any answer", out)
			}
			w := start(t, s, j)
			if out, _, err := get(w.Conn(), "", "try="+probe, true); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("in the jail: answered %q, %v; want to be killed", out, err)
			}
			got := w.Wait()
			if got.Signal != syscall.SIGSYS {
				t.Errorf("ended by %v, want SIGSYS", got)
			}
			// Where the kernel has an audit log that this process may read, it says which call it was.
			if want := cmp.Or(called[probe], probe); s.audit != nil && got.Call != want {
				t.Errorf("killed for %q, want %s", got.Call, want)
			}
		})
	}
}

// The file size limit kills like it always did: SIGXFSZ, which Go programs survive with EFBIG.
func TestFileSizeLimit(t *testing.T) {
	h := needRoot(t)
	write := site(t, nil)
	os.Chown(write, siteUID, siteUID)
	p := workerPool()
	p.Env = map[string]string{"JPM_WRITE": write}
	p.Jail.Write = []string{write}
	p.Limits.FileSize = 4 << 20
	s := newSpawner(t, Options{})
	j := compile(t, p, h)
	if err := s.AddPool(j); err != nil {
		t.Fatal(err)
	}
	w := start(t, s, j)
	out, _, err := get(w.Conn(), "", "try=big-file", true)
	if err == nil && !strings.HasSuffix(out, "EFBIG") {
		t.Errorf("writing at 8 MiB with a limit of 4 MiB: %q", out)
	}
	if err != nil {
		if got := w.Wait(); got.Signal != syscall.SIGXFSZ {
			t.Errorf("ended by %v, want SIGXFSZ", got)
		}
	}
}

// noTCP is what connect(2) says in a jail without network: Landlock's answer comes before the empty network's.
func noTCP(h *Host) string {
	if h.LandlockABI >= 4 {
		return "EACCES"
	}
	return "ENETUNREACH"
}

// memoryExec is what mprotect(2) says to making written memory executable.
func memoryExec(h *Host) string {
	if h.MDWE.On {
		return "EACCES"
	}
	return "ok"
}

// bare runs a probe outside of any jail.
func bare(t *testing.T, probe string, env map[string]string) string {
	t.Helper()
	c := exec.Command(filepath.Join(bin, "worker"), "try", probe)
	for k, v := range env {
		c.Env = append(c.Env, k+"="+v)
	}
	c.WaitDelay = 10 * time.Second
	out, err := c.Output()
	if err != nil {
		return err.Error()
	}
	return string(out)
}
