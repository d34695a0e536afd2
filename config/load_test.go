package config

import (
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestErrors loads every testdata/errors/*.hcl and compares what is said about it with the .err file beside it.
func TestErrors(t *testing.T) {
	t.Chdir("testdata/errors")
	inputs, err := filepath.Glob("*.hcl")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no inputs: %v", err)
	}
	for _, input := range inputs {
		t.Run(strings.TrimSuffix(input, ".hcl"), func(t *testing.T) {
			var who accounts = somePeople{}
			if strings.HasPrefix(input, "ordinary") {
				who = shopkeeper{}
			}
			cfg, err := load(input, disk{}, who)
			if err == nil {
				t.Fatalf("load(%s) = %+v, want an error", input, cfg)
			}
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Errorf("the error is a %T, want *Error", err)
			}
			golden := strings.TrimSuffix(input, ".hcl") + ".err"
			got := err.Error() + "\n"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("-want +got (go test -update writes it anew):\n%s", diff)
			}
		})
	}
}

const smallest = `
pool "shop" {
  listen "unix:/run/jpm/shop.sock" {}
  user    = "shop"
  command = ["/usr/bin/php-cgi"]
  scripts {
    root = "/srv/shop"
  }
  jail {
    read = ["/srv/shop"]
  }
}
`

func TestDefaults(t *testing.T) {
	cfg, err := load("jpm.hcl", memory{"jpm.hcl": smallest}, somePeople{})
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Log:       Log{Level: "info", Format: "json", Output: "stderr"},
		Incidents: Incidents{Output: "log"},
		Proxy:     Proxy{User: "jpm", Threads: 1, UID: 990, GID: 990},
		Pools: []Pool{{
			Name:    "shop",
			Listen:  []Listen{{Address: "unix:/run/jpm/shop.sock", Mode: "0660", Backlog: 511, Perm: 0o660}},
			User:    "shop",
			UID:     1001,
			GID:     1001,
			Command: []string{"/usr/bin/php-cgi"},
			Scripts: Scripts{Root: "/srv/shop", Extensions: []string{".php"}},
			Workers: Workers{Mode: "static", Max: 4, MaxRequests: 1000, StartTimeout: 10 * time.Second, StopTimeout: 5 * time.Second},
			Queue:   Queue{Length: 200, Timeout: 5 * time.Second},
			Request: Request{Timeout: 60 * time.Second, HeaderTimeout: 10 * time.Second, MaxParams: 256 << 10, MaxBody: 128 << 20},
			Recycle: Recycle{Denials: 20, Window: time.Minute, Action: "recycle"},
			Limits:  Limits{Files: 1024, FileSize: 1 << 30, Tmp: 64 << 20, Enforce: "strict"},
			Jail:    Jail{Read: []string{"/srv/shop"}, Network: "none", Seccomp: "php", Landlock: true, Umask: "0022", Mask: 0o022},
		}},
	}
	if diff := cmp.Diff(want, cfg); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestEverySetting writes each setting once, with another value than its default.
func TestEverySetting(t *testing.T) {
	t.Chdir("testdata")
	cfg, err := load("full.hcl", disk{}, somePeople{})
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Include:   []string{"none.d/*.hcl"},
		Log:       Log{Level: "debug", Format: "console", Output: "/var/log/jpm.log"},
		Incidents: Incidents{Output: "/var/log/jpm-incidents.log"},
		Status:    Status{Listen: "unix:/run/jpm/status.sock"},
		Proxy:     Proxy{User: "33", Threads: 2, UID: 33, GID: 33},
		Pools: []Pool{
			{
				Name: "shop.example-1_x",
				Listen: []Listen{
					{Address: "unix:/run/shop.sock", Owner: "www-data", Group: "blog", Mode: "600", Backlog: 16, UID: 33, GID: 100, Perm: 0o600},
					{
						Address: "tcp:[::1]:9000", Mode: "0660", Backlog: 511,
						AllowedClients: []string{"::1", "10.0.0.0/8"},
						Clients:        []netip.Prefix{netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("10.0.0.0/8")},
					},
				},
				User: "70000", Group: "blog", UID: 70000, GID: 100,
				SharedUID: true,
				Command:   []string{"/opt/php/bin/php-cgi8.4", "-d", "expose_php=0"},
				Env:       map[string]string{"APP_ENV": "production", "GREETING": "two\nlines\n"},
				Scripts:   Scripts{Root: "/srv/shop/public", Extensions: []string{}},
				PHP: PHP{
					INI:       map[string]string{"memory_limit": "64M", "session.name": `a"b`},
					LockedINI: map[string]string{"open_basedir": "/srv/shop"},
				},
				Workers: Workers{Mode: "static", Max: 4096, MaxRequests: 0, StartTimeout: time.Millisecond, StopTimeout: 90 * time.Second},
				Queue:   Queue{Length: 0, Timeout: 250 * time.Millisecond},
				Request: Request{Timeout: 24 * time.Hour, HeaderTimeout: time.Minute, MaxParams: 16 << 20, MaxBody: 0},
				Recycle: Recycle{Denials: 1, Window: 2 * time.Hour, Action: "kill"},
				Limits: Limits{Files: 32, FileSize: 0, Tmp: 1536 << 20, TmpFiles: 5000, Memory: 256 << 20, MaxRSS: 192 << 20, CPU: 150, Pids: 32, IOWeight: 50,
					Enforce: "best_effort", Pool: PoolLimits{Memory: 1 << 30, CPU: 400, Pids: 200},
					Places: map[string]string{"memory": "full.hcl:75", "cpu": "full.hcl:77", "pids": "full.hcl:78", "io_weight": "full.hcl:79",
						"pool.memory": "full.hcl:82", "pool.cpu": "full.hcl:83", "pool.pids": "full.hcl:84"}},
				Jail: Jail{
					Read:        []string{"/srv/shop"},
					Write:       []string{"/srv/shop/public/uploads", "/var/lib/shop"},
					Exec:        []string{"/opt/php"},
					CreateWrite: true,
					Sockets:     []string{"/run/mysqld/mysqld.sock"},
					Network:     "none", Seccomp: "php", Landlock: true, Umask: "027", Mask: 0o027,
				},
			},
			{
				Name:   "same",
				Listen: []Listen{{Address: "tcp:127.0.0.1:9000", Mode: "0660", Backlog: 511, AllowedClients: []string{"127.0.0.1"}, Clients: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}},
				User:   "70000", UID: 70000, GID: 70000, SharedUID: true,
				Command: []string{"/usr/lib/answer"},
				Scripts: Scripts{Extensions: []string{".php"}},
				Workers: Workers{Mode: "static", Max: 4, MaxRequests: 1000, StartTimeout: 10 * time.Second, StopTimeout: 5 * time.Second},
				Queue:   Queue{Length: 200, Timeout: 5 * time.Second},
				Request: Request{Timeout: 60 * time.Second, HeaderTimeout: 10 * time.Second, MaxParams: 256 << 10, MaxBody: 128 << 20},
				Recycle: Recycle{Denials: 20, Window: time.Minute, Action: "recycle"},
				Limits:  Limits{Files: 1024, FileSize: 1 << 30, Tmp: 64 << 20, Enforce: "strict"},
				Jail:    Jail{Network: "none", Seccomp: "php", Landlock: true, Umask: "0022", Mask: 0o022},
			},
		},
	}
	if diff := cmp.Diff(want, cfg, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestExample(t *testing.T) {
	cfg, err := load("/etc/jpm/jpm.hcl", memory{"/etc/jpm/jpm.hcl": example}, somePeople{})
	if err != nil {
		t.Fatal(err)
	}
	if len(cfg.Pools) != 2 {
		t.Errorf("%d pools, want 2", len(cfg.Pools))
	}
}

// TestDefaultIsWrong holds what is said where no line is to blame.
func TestDefaultIsWrong(t *testing.T) {
	src := strings.Replace(smallest, `user    = "shop"`, `user = "1001"`, 1)
	_, err := load("100%d.hcl", memory{"100%d.hcl": src}, fewPeople{})
	want := "Error: No such user\n\nThere is no account \"jpm\" in /etc/passwd. To make one: useradd --system --user-group\n" +
		"--no-create-home --shell /usr/sbin/nologin jpm\n\nThis is a default: 100%d.hcl does not set it."
	if err == nil || err.Error() != want {
		t.Errorf("load = %v\nwant %s", err, want)
	}
}

// BenchmarkLoad reads a host of 1000 sites, each in a file of its own. Nothing may grow faster than their number.
func BenchmarkLoad(b *testing.B) {
	files := memory{"jpm.hcl": `include = ["pools.d/*"]`}
	for i := range 1000 {
		name := fmt.Sprintf("site%d", i)
		jail := fmt.Sprintf("  jail {\n    read = [\"/srv/%s\"]\n    write = [\"/srv/%s/var\"]\n  }\n}", name, name)
		files["pools.d/"+name] = strings.TrimSuffix(site(name, 10000+i), "}\n") + jail
	}
	for b.Loop() {
		if _, err := load("jpm.hcl", files, fewPeople{"jpm": 990}); err != nil {
			b.Fatal(err)
		}
	}
}

func TestLoadReadsTheHostsAccounts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jpm.hcl")
	src := strings.Replace(smallest, `"shop"`+"\n  command", `"no-such-account"`+"\n  command", 1)
	if err := os.WriteFile(path, []byte(src+"proxy {\n  user = \"990\"\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Load(path)
	if err == nil || !strings.Contains(err.Error(), `There is no account "no-such-account" in /etc/passwd`) {
		t.Errorf("Load = %v, want a complaint about the account", err)
	}
	uid, gid, err := new(hostAccounts).user("root")
	if err != nil || uid != 0 || gid != 0 {
		t.Errorf("user(root) = %d, %d, %v, want 0, 0", uid, gid, err)
	}
	if gid, err := new(hostAccounts).primary(0); err != nil || gid != 0 {
		t.Errorf("primary(0) = %d, %v, want 0", gid, err)
	}
	if gid, err := new(hostAccounts).group("root"); err != nil || gid != 0 {
		t.Errorf("group(root) = %d, %v, want 0", gid, err)
	}
}

// TestNetwork holds what listeners are opened with.
func TestNetwork(t *testing.T) {
	for _, c := range []struct{ address, network, want string }{
		{"unix:/run/jpm/a.sock", "unix", "/run/jpm/a.sock"},
		{"tcp:127.0.0.1:9000", "tcp", "127.0.0.1:9000"},
		{"tcp:[::1]:9000", "tcp", "[::1]:9000"},
	} {
		if network, address := (Listen{Address: c.address}).Network(); network != c.network || address != c.want {
			t.Errorf("Listen{%s}.Network() = %s, %s, want %s, %s", c.address, network, address, c.network, c.want)
		}
	}
	for _, c := range []struct{ listen, network, want string }{
		{"", "", ""},
		{"unix:/run/jpm/a.sock", "unix", "/run/jpm/a.sock"},
		{"127.0.0.1:9253", "tcp", "127.0.0.1:9253"},
	} {
		if network, address := (Status{Listen: c.listen}).Network(); network != c.network || address != c.want {
			t.Errorf("Status{%s}.Network() = %s, %s, want %s, %s", c.listen, network, address, c.network, c.want)
		}
	}
}
