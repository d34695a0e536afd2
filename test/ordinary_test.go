//go:build integration

package test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// ordinaryID is an ordinary user who runs jpm, and ordinaryGroup a group of that user's.
const (
	ordinaryID    = 1910000040
	ordinaryGroup = 1910000041
)

// asOrdinaryUser executes its arguments as that user.
var asOrdinaryUser = []string{"setpriv", "--reuid", fmt.Sprint(ordinaryID), "--regid", fmt.Sprint(ordinaryID), "--groups", fmt.Sprintf("%d,%d", ordinaryID, ordinaryGroup)}

// ordinaryJPM writes the configuration of an ordinary user's jpm that serves root, and starts nothing. more are lines of the pool's block.
func ordinaryJPM(t *testing.T, root, more string) *jpm {
	t.Helper()
	j := &jpm{t: t, dir: tempDir(t), address: fmt.Sprintf("127.0.0.1:%d", freePort(t)), log: &logBuffer{}, via: asOrdinaryUser}
	if err := os.Chown(j.dir, ordinaryID, ordinaryID); err != nil { // for the sockets
		t.Fatal(err)
	}
	j.write("jpm.hcl", fmt.Sprintf("status {\nlisten = %q\n}\n", j.address)+ordinaryPool(j, "site", root, more))
	return j
}

func ordinaryPool(j *jpm, name, root, more string) string {
	// nginx is another user.
	return fmt.Sprintf("pool %q {\nlisten \"unix:%s\" {\nmode = \"0666\"\n}\nuser = \"%d\"\ncommand = [\"/usr/bin/php-cgi\"]\nscripts {\nroot = %q\n}\n%s\n}\n",
		name, j.socket(name), ordinaryID, root, more)
}

// byOrdinaryUser runs a command of jpm to its end.
func byOrdinaryUser(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return finished(t, exec.Command(asOrdinaryUser[0], slices.Concat(asOrdinaryUser[1:], []string{filepath.Join(bin, "jpm")}, args)...))
}

// labAsOrdinaryUser is the lab in a jail that an ordinary user's jpm makes. All the files are that user's.
func labAsOrdinaryUser(t *testing.T) (*lab, *jpm) {
	t.Helper()
	l := newLab(t)
	err := filepath.WalkDir(filepath.Join(l.dir, "lab"), func(path string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Chown(path, ordinaryID, ordinaryID))
	})
	if err != nil {
		t.Fatal(err)
	}
	s := l.site()
	more := fmt.Sprintf("%s\nworkers {\n%s\n}\nlimits {\n%s\n}\nphp {\n%s\n}\njail {\nread = [%q]\n%s\n}", s.pool, s.workers, s.limits, s.php, s.root, s.jail)
	return l, ordinaryJPM(t, s.root, more)
}

// TestOrdinaryUser: what the lab tries is denied in an ordinary user's jails too, and a tripwire tells of its request.
func TestOrdinaryUser(t *testing.T) {
	l, j := labAsOrdinaryUser(t)
	j.start()
	n := startNginx(t, j.socket("site"), filepath.Join(l.dir, "lab"), "")
	n.labDenied(2)
	j.waitIdle()
	mark := j.log.mark()
	n.get("/index.php?trip=unshare").want(t, 502, "")
	j.log.wait(t, mark, line{"msg": "incident", "pool": "site", "uri": "/index.php?trip=unshare", "client": "127.0.0.1", "method": "GET"})
	j.waitIdle()
}

// TestOrdinaryUserFromOutside looks at what runs as root sees it.
func TestOrdinaryUserFromOutside(t *testing.T) {
	_, j := labAsOrdinaryUser(t)
	j.start()
	worker := j.pool().Workers[0].Pid
	none := "0000000000000000"
	id := fmt.Sprintf("%[1]d %[1]d %[1]d %[1]d", ordinaryID)
	for name, pid := range map[string]int{"proxy": j.proxy, "worker": worker, "PID 1": statusNumber(t, worker, "PPid")} {
		want := map[string]string{"Uid": id, "Gid": id, "NoNewPrivs": "1", "Seccomp": "2", "CapInh": none, "CapPrm": none, "CapEff": none, "CapAmb": none,
			"Groups": fmt.Sprintf("%d %d", ordinaryID, ordinaryGroup)}
		for key, w := range want {
			if got := statusField(t, pid, key); got != w {
				t.Errorf("%s: %s = %q, want %q", name, key, got, w)
			}
		}
		for file, w := range map[string]string{"uid_map": fmt.Sprintf("%[1]d %[1]d 1", ordinaryID), "gid_map": fmt.Sprintf("%[1]d %[1]d 1", ordinaryID), "setgroups": "deny"} {
			b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
			if got := strings.Join(strings.Fields(string(b)), " "); err != nil || got != w {
				t.Errorf("%s: %s is %q, %v; want %q", name, file, got, err, w)
			}
		}
		if name != "worker" {
			sealed(t, name, pid)
		}
	}
}

// sealed checks that nobody can write to the program that a process runs.
func sealed(t *testing.T, name string, pid int) {
	t.Helper()
	f, err := os.Open(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const want = unix.F_SEAL_WRITE | unix.F_SEAL_GROW | unix.F_SEAL_SHRINK | unix.F_SEAL_SEAL
	if seals, err := unix.FcntlInt(f.Fd(), unix.F_GET_SEALS, 0); err != nil || seals&want != want {
		t.Errorf("%s: its program has the seals %#x, %v; want %#x", name, seals, err, want)
	}
}

// TestOrdinaryUserIsKilled: with the process that the user started goes everything.
func TestOrdinaryUserIsKilled(t *testing.T) {
	_, j := labAsOrdinaryUser(t)
	j.start()
	family := descendants(j.cmd.Process.Pid)
	if len(family) < 5 {
		t.Errorf("%d processes, want the master, the proxy, a worker and two PID 1 at least: %v", len(family), family)
	}
	j.killed = true
	j.signal(syscall.SIGKILL)
	j.wait()
	for _, p := range family {
		eventually(t, fmt.Sprintf("%v ends", p), func() bool { return !alive(p.pid) })
	}
}

// statusField is a field of /proc/PID/status, with single spaces.
func statusField(t *testing.T, pid int, key string) string {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for l := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(l, key+":"); ok {
			return strings.Join(strings.Fields(value), " ")
		}
	}
	t.Fatalf("/proc/%d/status has no %s", pid, key)
	return ""
}

func statusNumber(t *testing.T, pid int, key string) (n int) {
	t.Helper()
	if _, err := fmt.Sscan(statusField(t, pid, key), &n); err != nil {
		t.Fatal(err)
	}
	return n
}
