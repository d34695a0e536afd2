//go:build integration

package test

import (
	"fmt"
	"os"
	"path/filepath"
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
	j := ordinaryJPM(t, site, fmt.Sprintf("workers {\nmax = 1\n}\nphp {\nini = { memory_limit = \"-1\" }\n}\nlimits {\nmemory = \"96M\"\npids = 64\n}\njail {\nread = [%q]\n}", site))
	// A shell that goes there first, while it may.
	into := []string{"sh", "-c", `for dir in $0; do echo $$ > $dir/cgroup.procs || exit 1; done; exec "$@"`, givenCgroups(t)}
	j.via = append(into, asOrdinaryUser...)
	j.start()
	n := startNginx(t, j.socket("site"), site, "")
	mark := j.log.mark()
	n.get("/hog.php").want(t, 502, "")
	j.log.wait(t, mark, line{"level": "error", "msg": "incident", "layer": "cgroup", "limit": "memory", "pool": "site", "uri": "/hog.php"})
	n.get("/index.php?next").want(t, 200, "hello next")
	j.waitIdle()
}

// givenCgroups makes an ordinary user's cgroup in each hierarchy, below ours, and returns their directories with spaces between.
func givenCgroups(t *testing.T) (dirs string) {
	t.Helper()
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
		for _, file := range []string{".", "cgroup.procs", "cgroup.subtree_control"} {
			if err := os.Chown(filepath.Join(dir, file), ordinaryID, ordinaryID); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
		}
		dirs += " " + dir
	}
	return dirs
}
