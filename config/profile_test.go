package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestProfiles(t *testing.T) {
	const text = "include php\n"
	config := func(seccomp string) string {
		return strings.Replace(smallest, "jail {", "jail {\nseccomp = \""+seccomp+"\"\nexec = [\"/usr/bin/convert\"]", 1)
	}
	files := memory{"/etc/jpm/shop.seccomp": text}
	for _, name := range append(Profiles(), "/etc/jpm/shop.seccomp") {
		files["jpm.hcl"] = config(name)
		cfg, err := load("jpm.hcl", files, somePeople{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := ""
		if filepath.IsAbs(name) {
			want = text
		}
		if j := cfg.Pools[0].Jail; j.Seccomp != name || j.Profile != want {
			t.Errorf("%s: Seccomp %q, Profile %q", name, j.Seccomp, j.Profile)
		}
	}
}

// Who can write a profile can open the jail.
func TestDiskTrusts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.seccomp")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		mode os.FileMode
		want string
	}{{0o600, ""}, {0o644, ""}, {0o664, "others than its owner may write it"}, {0o646, "others than its owner may write it"}} {
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		_, err := (disk{}).readTrusted(path)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("mode %04o: %v, want %q", c.mode, err, c.want)
		}
	}
	if os.Geteuid() != 0 {
		return // only root can give a file away
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, 65534, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := (disk{}).readTrusted(path); err == nil || !strings.Contains(err.Error(), "belongs to user 65534") {
		t.Errorf("another user's file: %v", err)
	}
}
