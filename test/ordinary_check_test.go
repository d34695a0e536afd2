//go:build integration

package test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestOrdinaryUserIsWeaker: of the layers that root's jails have, exactly those are weaker that `jpm check` says are, with a reason.
func TestOrdinaryUserIsWeaker(t *testing.T) {
	_, own := labAsOrdinaryUser(t)
	root := newJPM(t, newLab(t).site())
	out, errs, code := byOrdinaryUser(t, own.args("check", "--effective", "--json")...)
	if code != 0 {
		t.Fatalf("jpm check --effective: exit code %d\n%s%s", code, out, errs)
	}
	mine := effectiveStates(t, out)
	if out, errs, code = command(t, root.args("check", "--effective", "--json")...); code != 0 {
		t.Fatalf("as root: exit code %d\n%s%s", code, out, errs)
	}
	weaker := map[string]bool{}
	for name, state := range effectiveStates(t, out) {
		if mine[name] != state {
			weaker[name] = true
			if state == "off" || mine[name] == "enforced" {
				t.Errorf("%s: %s as root, %s as an ordinary user", name, state, mine[name])
			}
		}
	}
	for _, jail := range []string{"proxy", "site"} {
		for _, layer := range []string{"namespaces", "identity", "init"} {
			if !weaker[jail+" "+layer] {
				t.Errorf("%s: layer %s is not shown as weaker", jail, layer)
			}
			delete(weaker, jail+" "+layer)
		}
		delete(weaker, jail+" cgroup") // as the host has it
	}
	if len(weaker) > 0 {
		t.Errorf("weaker too: %v", slices.Sorted(maps.Keys(weaker)))
	}
}

// effectiveStates is the state of each layer by the names of jail and layer. Nothing may differ from its plan or lack a reason.
func effectiveStates(t *testing.T, text string) map[string]string {
	t.Helper()
	var report struct {
		Jails []struct {
			Name, Error string
			Layers      []struct {
				Layer, State, Differs string
				Settings              []struct{ Setting, State, Why string }
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &report); err != nil {
		t.Fatalf("%v in %s", err, clip(text))
	}
	all := map[string]string{}
	for _, j := range report.Jails {
		if j.Error != "" {
			t.Errorf("%s: %s", j.Name, j.Error)
		}
		for _, l := range j.Layers {
			all[j.Name+" "+l.Layer] = l.State
			if l.Differs != "" {
				t.Errorf("%s: %s: %s", j.Name, l.Layer, l.Differs)
			}
			for _, s := range l.Settings {
				if s.State != "enforced" && s.Why == "" {
					t.Errorf("%s: %s is %s without a reason", j.Name, s.Setting, s.State)
				}
			}
		}
	}
	return all
}

// TestOrdinaryUserIsRefused: what an ordinary user cannot have is an error that says so.
func TestOrdinaryUserIsRefused(t *testing.T) {
	for _, row := range []struct {
		name string
		edit func(j *jpm, text string) string
		code int
		want string
	}{
		{"another user", func(_ *jpm, s string) string {
			return strings.Replace(s, fmt.Sprintf("user = \"%d\"", ordinaryID), fmt.Sprintf("user = \"%d\"", siteID), 1)
		}, 78, "Not the user who runs jpm"},
		{"another owner", func(_ *jpm, s string) string { return strings.Replace(s, "mode =", "owner = \"www-data\"\nmode =", 1) }, 78, "Not the user who runs jpm"},
		{"a group of the user's", func(_ *jpm, s string) string {
			return strings.Replace(s, "mode =", fmt.Sprintf("group = \"%d\"\nmode =", ordinaryGroup), 1)
		}, 78, "Not the group of who runs jpm"},
		{"two pools", func(j *jpm, s string) string {
			return s + ordinaryPool(j, "two", "/srv/two", "jail {\nread = [\"/srv/two\"]\n}")
		},
			78, "shared_uid = true"},
		{"a source that the user cannot read", func(j *jpm, s string) string {
			secret := filepath.Join(j.dir, "secret")
			if err := errors.Join(os.Mkdir(secret, 0o700), os.Mkdir(filepath.Join(secret, "site"), 0o755)); err != nil {
				t.Fatal(err)
			}
			return strings.Replace(s, "jail {\nread = [", fmt.Sprintf("jail {\nread = [%q, ", filepath.Join(secret, "site")), 1)
		}, 1, "permission denied"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, j := labAsOrdinaryUser(t)
			b, err := os.ReadFile(filepath.Join(j.dir, "jpm.hcl"))
			if err != nil {
				t.Fatal(err)
			}
			j.write("jpm.hcl", row.edit(j, string(b)))
			_, errs, code := byOrdinaryUser(t, j.args("check")...)
			if flat := strings.Join(strings.Fields(errs), " "); code != row.code || !strings.Contains(flat, row.want) {
				t.Errorf("exit code %d, %q; want %d, %q", code, errs, row.code, row.want)
			}
		})
	}
}

// TestNoUserNamespaces: a host that gives an ordinary user none says which switch is off. The host is a user namespace of the test's.
func TestNoUserNamespaces(t *testing.T) {
	_, j := labAsOrdinaryUser(t)
	whole := []syscall.SysProcIDMap{{Size: 1<<31 - 1}}
	for _, command := range []string{"check", "run"} {
		script := []string{"-c", `echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"`, "sh"}
		cmd := exec.Command("sh", slices.Concat(script, asOrdinaryUser, []string{filepath.Join(bin, "jpm")}, j.args(command))...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER, UidMappings: whole, GidMappings: whole,
			GidMappingsEnableSetgroups: true, Credential: &syscall.Credential{}}
		_, errs, code := finished(t, cmd)
		if code != 1 || !strings.Contains(errs, "user.max_user_namespaces is 0") {
			t.Errorf("jpm %s: exit code %d, %q; want 1 and the name of the switch", command, code, errs)
		}
	}
}
