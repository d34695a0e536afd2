package jail

import (
	"os"
	"testing"
)

// Paths in paths, on the kernel: the deepest decides.
func TestNestedMounts(t *testing.T) {
	h := needRoot(t)
	dir := site(t, map[string]string{"a": "", "var/b": "", "var/keys/c": "", "var/keys/open/d": ""})
	for _, d := range []string{"", "/var", "/var/keys", "/var/keys/open"} {
		os.Chown(dir+d, siteUID, siteUID)
	}
	p := workerPool()
	p.Jail.Read = []string{dir, dir + "/var/keys"}
	p.Jail.Write = []string{dir + "/var", dir + "/var/keys/open"}
	s := newSpawner(t, Options{})
	j := compile(t, p, h)
	if err := s.AddPool(j); err != nil {
		t.Fatal(err)
	}
	w := start(t, s, j)
	for probe, want := range map[string]string{
		"read:" + dir + "/a": "ok", "write:" + dir + "/a": "EROFS", "write:" + dir + "/var/b": "EACCES", "write:" + dir + "/var/new": "ok",
		"read:" + dir + "/var/keys/c": "ok", "write:" + dir + "/var/keys/new": "EROFS", "write:" + dir + "/var/keys/open/new": "ok",
	} {
		if got := body(t, w, "", "try="+probe); got != want {
			t.Errorf("%s: %s, want %s", probe, got, want)
		}
	}
}
