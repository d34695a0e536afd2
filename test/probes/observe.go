package probes

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// observers look at a worker from the host. Each says whether the attempt got through, in the words of the probe.
var observers = map[string]func(dir string) (through bool, err error){
	"network": sharesNetwork,
	"setuid":  func(dir string) (bool, error) { return anyMount(dir, func(o string) bool { return !has(o, "nosuid") }) },
	"write-and-execute": func(dir string) (bool, error) {
		return anyMount(dir, func(o string) bool { return has(o, "rw") && !has(o, "noexec") })
	},
	"bounding":    status("CapBnd", func(v string) bool { return strings.Trim(v, "0") != "" }),
	"privileges":  status("NoNewPrivs", func(v string) bool { return v == "0" }),
	"filter":      status("Seccomp", func(v string) bool { return v == "0" }),
	"core":        dumpsCore,
	"descriptors": hostFiles,
	"oom": func(dir string) (bool, error) {
		b, err := os.ReadFile(dir + "/oom_score_adj")
		return lessThan(string(b), 1), err
	},
}

func init() {
	for _, ns := range []string{"mnt", "pid", "net", "ipc", "uts", "cgroup", "user"} {
		observers["ns:"+ns] = func(dir string) (bool, error) {
			theirs, err := os.Readlink(dir + "/ns/" + ns)
			if err != nil {
				return false, err
			}
			ours, err := os.Readlink("/proc/self/ns/" + ns)
			return theirs == ours, err
		}
	}
}

// observe looks at the process pid by the observer of that name.
func observe(name string, pid int) (outcome string, err error) {
	through, err := observers[name](fmt.Sprintf("/proc/%d", pid))
	switch {
	case err != nil:
		return "", fmt.Errorf("%s of process %d: %w", name, pid, err)
	case through:
		return Works, nil
	}
	return Nothing, nil
}

func lessThan(text string, n int) bool {
	got, err := strconv.Atoi(strings.TrimSpace(text))
	return err == nil && got < n
}

func status(field string, through func(string) bool) func(string) (bool, error) {
	return func(dir string) (bool, error) {
		b, err := os.ReadFile(dir + "/status")
		if err != nil {
			return false, err
		}
		for line := range strings.Lines(string(b)) {
			if name, value, _ := strings.Cut(line, ":"); name == field {
				return through(strings.TrimSpace(value)), nil
			}
		}
		return false, fmt.Errorf("no %s in its status", field)
	}
}

// sharesNetwork: an interface other than the loopback, or a loopback that is up.
func sharesNetwork(dir string) (bool, error) {
	b, err := os.ReadFile(dir + "/net/dev")
	if err != nil {
		return false, err
	}
	for line := range strings.Lines(string(b)) {
		name, _, isDevice := strings.Cut(strings.TrimSpace(line), ":")
		if isDevice && name != "lo" {
			return true, nil
		}
	}
	b, err = os.ReadFile(dir + "/net/fib_trie")
	return strings.Contains(string(b), "127.0.0.1"), err
}

func has(options, option string) bool { return strings.Contains(","+options+",", ","+option+",") }

// anyMount looks for a mount whose options are so (proc_pid_mountinfo(5)). Those of devices hold no programs.
func anyMount(dir string, is func(options string) bool) (bool, error) {
	b, err := os.ReadFile(dir + "/mountinfo")
	if err != nil {
		return false, err
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 5 && is(f[5]) {
			return true, nil
		}
	}
	return false, nil
}

func dumpsCore(dir string) (bool, error) {
	b, err := os.ReadFile(dir + "/limits")
	if err != nil {
		return false, err
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(strings.TrimPrefix(line, "Max core file size")); strings.HasPrefix(line, "Max core file size") && len(f) > 1 {
			return f[1] != "0", nil // the hard limit: a soft one is only a wish
		}
	}
	return false, fmt.Errorf("no limit of core files")
}

// hostFiles: a descriptor of a directory or file other than /dev/null. What is deleted was the program's own.
func hostFiles(dir string) (bool, error) {
	entries, err := os.ReadDir(dir + "/fd")
	if err != nil {
		return false, err
	}
	for _, e := range entries {
		to, err := os.Readlink(dir + "/fd/" + e.Name())
		if err == nil && strings.HasPrefix(to, "/") && !strings.HasSuffix(to, "(deleted)") && to != "/dev/null" && !strings.HasPrefix(to, "/memfd:") {
			return true, nil
		}
	}
	return false, nil
}

// leaves asks a site to leave something behind, and looks for it. "process" or "file".
func (h *home) leaves(what string) (string, error) {
	name := filepath.Base(filepath.Dir(filepath.Dir(h.root))) + "-" + filepath.Base(filepath.Dir(h.root))
	seconds := fmt.Sprintf("%d.%06d", 30, time.Now().UnixNano()%1e6)
	query := url.Values{"do": {"leave"}, "file": {name}, "seconds": {seconds}}
	if _, err := ask(h.socket, page(filepath.Join(h.root, "deeds.php"), query.Encode())); err != nil {
		return "", err
	}
	outcome := Nothing
	if err := os.Remove(filepath.Join("/tmp", name)); err == nil && what == "file" {
		outcome = Works
	}
	found, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return "", err
	}
	for _, file := range found {
		b, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(b), strings.TrimRight(seconds, "0")) || !strings.HasPrefix(string(b), "sleep\x00") {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil && syscall.Kill(pid, syscall.SIGKILL) == nil && what == "process" {
			outcome = Works
		}
	}
	return outcome, nil
}

// foreign connects to the site's socket as a user who has nothing to do with it.
func (h *home) foreign(program string) (string, error) {
	cmd := exec.Command(program, "try", "connect:"+h.socket)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: otherID, Gid: otherID}}
	return ran(cmd)
}
