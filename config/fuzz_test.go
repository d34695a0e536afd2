package config

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// FuzzLoad holds that no configuration makes Load panic or answer twice differently, that it answers with a configuration or an [*Error]
// and never with both or neither, and that what passes keeps the promises that other parts build on.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/*.hcl", "testdata/*/*.hcl", "example.hcl"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			f.Fatalf("no seeds at %s: %v", pattern, err)
		}
		for _, path := range paths {
			src, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(src))
		}
	}
	f.Add(smallest)
	f.Fuzz(func(t *testing.T, src string) {
		if len(src) > maxFile {
			t.Skip("the disk refuses it")
		}
		files := memory{"jpm.hcl": src, "pools.d/a.hcl": site("included", 3000)}
		cfg, err := load("jpm.hcl", files, somePeople{})
		again, errAgain := load("jpm.hcl", files, somePeople{})
		if !reflect.DeepEqual(cfg, again) {
			t.Fatalf("two loads differ: %+v, %+v", cfg, again)
		}
		if err != nil {
			if _, ok := err.(*Error); !ok || cfg != nil {
				t.Fatalf("load = %v, %T, want nil and an *Error", cfg, err)
			}
			if err.Error() != errAgain.Error() || err.Error() == "" {
				t.Fatalf("two loads differ: %q, %q", err, errAgain)
			}
			return
		}
		checkPromises(t, cfg)
	})
}

// checkPromises checks what the rest of jpm takes for granted.
func checkPromises(t *testing.T, cfg *Config) {
	t.Helper()
	if len(cfg.Pools) == 0 || cfg.Proxy.UID == 0 {
		t.Errorf("%d pools, proxy uid %d", len(cfg.Pools), cfg.Proxy.UID)
	}
	for _, p := range cfg.Pools {
		if p.UID == 0 || p.GID == 0 || p.UID == cfg.Proxy.UID {
			t.Errorf("pool %q: uid %d, gid %d, proxy's %d", p.Name, p.UID, p.GID, cfg.Proxy.UID)
		}
		if p.Name == "" || len(p.Listen) == 0 || len(p.Command) == 0 || p.Workers.Max < 1 || p.Request.Timeout <= 0 || p.Limits.Tmp <= 0 {
			t.Errorf("pool incomplete: %+v", p)
		}
		for _, l := range p.Listen {
			network, address := l.Network()
			if address == "" || network == "tcp" && len(l.Clients) == 0 || network == "unix" && (address[0] != '/' || len(address) > 107) {
				t.Errorf("pool %q: address %q, clients %v", p.Name, l.Address, l.Clients)
			}
		}
		for _, dir := range p.Jail.Write {
			if !filepath.IsAbs(dir) || dir == "/" || filepath.Clean(dir) != dir || within(p.Scripts.Root, dir) && p.Scripts.Root != "" {
				t.Errorf("pool %q: write path %q, root %q", p.Name, dir, p.Scripts.Root)
			}
		}
	}
}
