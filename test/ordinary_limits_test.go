//go:build integration

package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/opencontainers/cgroups"
)

// TestOrdinaryUserLimits: an ordinary user who was given cgroups has limits, as root has.
func TestOrdinaryUserLimits(t *testing.T) {
	root := tempDir(t)
	if err := os.CopyFS(filepath.Join(root, "site"), os.DirFS("site")); err != nil {
		t.Fatal(err)
	}
	site := filepath.Join(root, "site")
	j := ordinaryJPM(t, site, fmt.Sprintf("workers {\nmax = 1\nstart_timeout = %[2]q\n}\nqueue {\ntimeout = %[2]q\n}\nphp {\nini = { memory_limit = \"-1\" }\n}\nlimits {\nmemory = \"96M\"\npids = 64\n}\njail {\nread = [%[1]q]\n}", site, patience))
	// A shell that goes there first, while it may.
	into := []string{"sh", "-c", `for dir in $0; do echo $$ > $dir/cgroup.procs || exit 1; done; exec "$@"`, givenCgroups(t)}
	j.via = append(into, asOrdinaryUser...)
	out, errs, code := finished(t, exec.Command(j.via[0], slices.Concat(j.via[1:], []string{filepath.Join(bin, "jpm")}, j.args("check", "--effective", "--json"))...))
	if code != 0 {
		t.Fatalf("jpm check --effective: exit code %d\n%s%s", code, out, errs)
	}
	if state := effectiveStates(t, out)["site cgroup"]; state != "enforced" {
		t.Errorf("jpm check --effective: the layer cgroup is %q in\n%s", state, out)
	}
	j.start()
	n := startNginx(t, j.socket("site"), site, "")
	mark := j.log.mark()
	n.get("/hog.php").want(t, 502, "")
	j.log.wait(t, mark, line{"level": "error", "msg": "incident", "layer": "cgroup", "limit": "memory", "pool": "site", "uri": "/hog.php"})
	n.get("/index.php?next").want(t, 200, "hello next")
	j.waitIdle()
}

// givenCgroups makes an ordinary user's cgroup in each hierarchy, below ours, and returns their directories with spaces between. Where jpm
// has a cgroup of its own it becomes that user's, as systemd does with the one of user@UID.service.
func givenCgroups(t *testing.T) (dirs string) {
	t.Helper()
	if dir := os.Getenv("JPM_TEST_CGROUP"); dir != "" {
		give(t, dir)
		return dir
	}
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		t.Skip("this host has cgroups of version 2 alone; only a service manager can give some that hold no other process")
	}
	own, err := cgroups.ParseCgroupFile("/proc/self/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"memory", "pids", "freezer", "unified"} {
		path := own[name]
		if name == "unified" {
			path = own[""]
		}
		dir := filepath.Join("/sys/fs/cgroup", name, path, fmt.Sprintf("jpm-test-%d", os.Getpid()))
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := os.Remove(dir); err != nil {
				t.Error(err)
			}
		})
		give(t, dir)
		dirs += " " + dir
	}
	return dirs
}

// give gives a cgroup to the ordinary user, with the files that cgroups(7) names under delegation, and no other.
func give(t *testing.T, dir string) {
	t.Helper()
	for _, file := range []string{".", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"} {
		if err := os.Chown(filepath.Join(dir, file), ordinaryID, ordinaryID); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
}
