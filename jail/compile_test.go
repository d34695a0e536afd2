package jail

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"jpm/config"
	"jpm/jail/plan"
)

var update = flag.Bool("update", false, "write the golden files")

const testLoader = "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"

// testHost is a merged-/usr Debian with everything on, so that decisions can be tested anywhere.
func testHost() *Host {
	on := Feature{On: true}
	links := map[string]string{"/usr/bin/php-cgi": "/usr/bin/php-cgi8.2", "/bin/sh": "/usr/bin/dash", "/usr/bin/sh": "/usr/bin/dash", "/usr/bin/away": "/opt/away"}
	real := func(p string) (string, error) {
		if p == "/usr/bin/none" {
			return "", os.ErrNotExist
		}
		return cmp.Or(links[p], p), nil
	}
	var settings []string
	for _, s := range zeroed {
		settings = append(settings, s.name)
	}
	return &Host{Kernel: "6.18", Libraries: []string{"/usr/lib", "/usr/lib64"}, Loaders: []string{testLoader}, Settings: settings, Real: real, UserNS: on, NamespaceLimit: on, SystemV: on, Proc: on, NoSymFollow: on, MDWE: on, Landlock: on, LandlockABI: 7, Listener: on, WaitKillable: on, Runtime: []RuntimeEntry{
		{Path: "/usr", Source: "/usr", Dir: true, Exec: true},
		{Path: "/bin", Link: "usr/bin", Exec: true},
		{Path: "/lib64", Link: "usr/lib64", Exec: true},
		{Path: "/etc/alternatives", Source: "/etc/alternatives", Dir: true},
		{Path: "/etc/localtime", Link: "/usr/share/zoneinfo/UTC"},
		{Path: "/etc/php", Source: "/etc/php", Dir: true},
	}}
}

func shop() config.Pool {
	p := pool("shop", phpCGI)
	p.User, p.UID, p.GID = "shop", 1001, 1002
	p.Env = map[string]string{"APP_ENV": "production"}
	p.Scripts.Root = "/srv/shop/public"
	p.PHP.INI = map[string]string{"memory_limit": "128M"}
	p.PHP.LockedINI = map[string]string{"open_basedir": "/srv/shop"}
	p.Jail.Read = []string{"/srv/shop"}
	p.Jail.Write = []string{"/srv/shop/public/uploads", "/srv/shop/var"}
	p.Jail.Exec = []string{"/opt/tools/bin"}
	return p
}

// shopExec is a shop that runs programs.
func shopExec() config.Pool {
	p := shop()
	p.Jail.Seccomp = "php-exec"
	p.Jail.Exec = []string{"/opt/tools/bin", "/usr/bin/convert", "/bin/sh", "/usr/bin/dash", "/usr/lib/cgi-bin"}
	return p
}

// The whole plan of a pool, as reviewed. The filters are left to their own tests.
func TestCompileGolden(t *testing.T) {
	old := testHost()
	old.SystemV = Feature{Why: "EACCES"}
	old.UserNS, old.NamespaceLimit, old.Proc, old.NoSymFollow, old.MDWE = Feature{Why: "EPERM"}, Feature{Why: "ENOENT"}, Feature{Why: "EPERM"}, Feature{Why: "EINVAL"}, Feature{Why: "EINVAL"}
	old.Listener, old.WaitKillable = Feature{Why: "ENOSYS"}, Feature{Why: "EINVAL"}
	old.Landlock, old.LandlockABI = Feature{Why: "ENOSYS"}, 0
	for name, c := range map[string]struct {
		pool config.Pool
		host *Host
	}{
		"shop":        {shop(), v2Host()},
		"shop_oldest": {shop(), old},
		"shop_exec":   {shopExec(), testHost()},
	} {
		j := compile(t, c.pool, c.host)
		p := *j.plan
		if len(p.Filter) == 0 || len(p.InitFilter) == 0 {
			t.Errorf("%s: no filter", name)
		}
		golden(t, name+".plan.golden", planText(p))
		golden(t, name+".explain.golden", explainText(j.Explain()))
	}
	j, err := CompileProxy(2001, 2002, testHost())
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "proxy.plan.golden", planText(*j.plan))
	golden(t, "proxy.explain.golden", explainText(j.Explain()))
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := gocmp.Diff(string(want), got); d != "" {
		t.Errorf("%s differs; review, then run go test -update:\n%s", file, d)
	}
}

// planText writes a plan for people to review: a line for each entry, then the rest field by field.
func planText(p plan.Plan) string {
	var b strings.Builder
	for _, e := range p.Entries {
		fmt.Fprintf(&b, "%-5s %s", e.Kind, e.Path)
		switch e.Kind {
		case plan.Dir:
			fmt.Fprintf(&b, " %04o", e.Mode)
		case plan.File:
			fmt.Fprintf(&b, " %04o %q", e.Mode, e.Data)
		case plan.Link:
			fmt.Fprintf(&b, " -> %s", e.Data)
		case plan.Proc:
			fmt.Fprintf(&b, " %s", flagNames(e.Flags))
		case plan.Bind:
			fmt.Fprintf(&b, " from %s, a %s %d:%d, %s, recursive %v", e.Source, e.Wants, e.Rdev>>8, e.Rdev&0xff, flagNames(e.Flags), e.Recursive)
		}
		fmt.Fprintf(&b, " (%s)\n", e.Origin)
	}
	for _, l := range p.Rlimits {
		fmt.Fprintf(&b, "rlimit %s %d\n", rlimitNames[l.Resource], l.Value)
	}
	b.WriteString(landlockText(p.Landlock))
	p.Entries, p.Rlimits, p.Filter, p.InitFilter, p.Landlock = nil, nil, nil, nil, plan.Landlock{}
	rest := strings.Replace(fmt.Sprintf("%#v", p), fmt.Sprintf("Landlock:%#v, ", p.Landlock), "", 1)
	fields := strings.Split(strings.Trim(rest, "}"), ", ")
	b.WriteString(strings.Join(fields, "\n") + "\n")
	return b.String()
}

func explainText(lines []Line) string {
	var b strings.Builder
	for _, l := range lines {
		setting := l.Setting
		if l.Layer == "seccomp" { // the number of instructions belongs to the profile's own test
			setting, _, _ = strings.Cut(setting, ",")
		}
		fmt.Fprintf(&b, "%s | %s | %s\n", l.Layer, setting, strings.TrimSuffix(string(l.State)+": "+l.Why, ": "))
	}
	return b.String()
}

func TestCompileErrors(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(p *config.Pool)
		want   string
	}{
		{"root", func(p *config.Pool) { p.UID = 0 }, "must not be root"},
		{"root group", func(p *config.Pool) { p.GID = 0 }, "must not be root"},
		{"reserved id", func(p *config.Pool) { p.UID = setupID }, "reserved"},
		{"no command", func(p *config.Pool) { p.Command = nil }, "command: want an absolute path"},
		{"relative command", func(p *config.Pool) { p.Command = []string{"php-cgi"} }, "command: want an absolute path"},
		{"command outside", func(p *config.Pool) { p.Command = []string{"/opt/php/php-cgi"} }, "not in the jail; name its directory in jail.exec"},
		{"command where nothing may run", func(p *config.Pool) { p.Command = []string{"/srv/shop/worker"}; p.PHP = config.PHP{} }, "nothing in /srv/shop can be executed (jail.read /srv/shop)"},
		{"root outside", func(p *config.Pool) { p.Scripts.Root = "/srv/other" }, "scripts.root /srv/other: not in the jail"},
		{"network", func(p *config.Pool) { p.Jail.Network = "bridge" }, `jail.network "bridge": not supported`},
		{"profile", func(p *config.Pool) { p.Jail.Seccomp = "none" }, `jail.seccomp: no profile "none"; there is php, php-exec, generic`},
		{"profile of ours", func(p *config.Pool) { p.Jail.Seccomp = "tripwires" }, "no profile"},
		{"own profile", func(p *config.Pool) { p.Jail.Seccomp, p.Jail.Profile = "/etc/my", "include php\n[allow]\nred\n" }, `/etc/my:3: no system call "red"`},
		{"own profile includes a file", func(p *config.Pool) { p.Jail.Seccomp, p.Jail.Profile = "/etc/my", "include /etc/shadow\n" }, `/etc/my:1: no profile "/etc/shadow" to include`},
		{"own profile includes the proxy's", func(p *config.Pool) { p.Jail.Seccomp, p.Jail.Profile = "/etc/my", "include proxy\n" }, `no profile "proxy" to include`},
		{"own profile starts nothing", func(p *config.Pool) {
			p.Jail.Seccomp, p.Jail.Profile = "/etc/my", "[errno EPERM]\nexecve\ninclude php\n"
		}, `/etc/my:2: execve is not allowed`},
		{"own profile has no start", func(p *config.Pool) { p.Jail.Seccomp, p.Jail.Profile = "/etc/my", "default EPERM\n" }, `/etc/my: execve is not allowed`},
		{"exec leads away", func(p *config.Pool) { p.Jail.Exec = []string{"/usr/bin/away"} }, "jail.exec /usr/bin/away: it leads to /opt/away"},
		{"exec of nothing", func(p *config.Pool) { p.Jail.Exec = []string{"/usr/bin/none"} }, "jail.exec /usr/bin/none: file does not exist"},
		{"no tmp", func(p *config.Pool) { p.Limits.Tmp = 0 }, "limits.tmp"},
		{"relative path", func(p *config.Pool) { p.Jail.Read = []string{"srv"} }, "jail.read srv: want an absolute path"},
		{"twice", func(p *config.Pool) { p.Jail.Write = []string{"/srv/shop/"} }, "jail.write /srv/shop/: is already there as jail.read /srv/shop"},
		{"all of it", func(p *config.Pool) { p.Jail.Read = []string{"/"} }, "jail.read /: would cover"},
		{"etc", func(p *config.Pool) { p.Jail.Read = []string{"/etc"} }, "jail.read /etc: would cover"},
		{"usr", func(p *config.Pool) { p.Jail.Read = []string{"/usr"} }, "is already there as the runtime"},
		{"tmp", func(p *config.Pool) { p.Jail.Write = []string{"/tmp/shop"} }, "/tmp in a jail is the jail's own"},
		{"proc", func(p *config.Pool) { p.Jail.Read = []string{"/proc/sys"} }, "/proc in a jail is the jail's own"},
		{"climbing to proc", func(p *config.Pool) { p.Jail.Read = []string{"/srv/../proc"} }, "/proc in a jail is the jail's own"},
		{"dev", func(p *config.Pool) { p.Jail.Read = []string{"/dev"} }, "/dev in a jail is the jail's own"},
		{"through a link", func(p *config.Pool) { p.Jail.Read = []string{"/bin/tools", "/srv/shop"} }, "/bin is a link or file in the jail"},
		{"passwd", func(p *config.Pool) { p.Jail.Read = []string{"/etc/passwd"} }, "is already there as the jail's /etc/passwd"},
		{"reserved env", func(p *config.Pool) { p.Env = map[string]string{"PHP_FCGI_CHILDREN": "4"} }, "env PHP_FCGI_CHILDREN: not for the configuration to set"},
		{"odd env", func(p *config.Pool) { p.Env = map[string]string{"A=B": "x"} }, "not a name and value"},
		{"ini for another program", func(p *config.Pool) { p.Command = []string{"/usr/bin/perl"} }, "php: only for php-cgi"},
		{"locked without root", func(p *config.Pool) { p.Scripts.Root = "" }, "php.locked_ini: needs scripts.root"},
		{"ini line break", func(p *config.Pool) { p.PHP.INI = map[string]string{"a": "1\n[PATH=/]"} }, "line break"},
		{"ini name", func(p *config.Pool) { p.PHP.INI = map[string]string{"a]": "1"} }, "not the name of a setting"},
		{"ini quotes", func(p *config.Pool) { p.PHP.INI = map[string]string{"a": `'"`} }, "php.ini cannot hold it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := shop()
			c.change(&p)
			_, err := Compile(p, testHost())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Compile = %v, want %q", err, c.want)
			}
		})
	}
}

// The deepest path decides, whatever lists the paths are from.
func TestNestedPaths(t *testing.T) {
	p := shop()
	p.Jail.Read = []string{"/srv/shop", "/srv/shop/var/keys", "/usr/share/app"}
	p.Jail.Write = []string{"/srv/shop/var", "/usr/share/app/cache"}
	pl := compile(t, p, testHost()).plan
	for at, want := range map[string]string{
		"/srv/shop/index.php":       "ro,nosuid,nodev,noexec",
		"/srv/shop/var/x":           "rw,nosuid,nodev,noexec,nosymfollow",
		"/srv/shop/var/keys/x":      "ro,nosuid,nodev,noexec",
		"/usr/share/app/x":          "ro,nosuid,nodev,noexec",
		"/usr/share/app/cache/x":    "rw,nosuid,nodev,noexec,nosymfollow",
		"/usr/bin/php-cgi":          "ro,nosuid,nodev",
		"/bin/sh":                   "ro,nosuid,nodev",
		"/opt/tools/bin/x":          "ro,nosuid,nodev",
		"/tmp/x":                    "rw,nosuid,nodev,noexec",
		"/var/tmp/x":                "rw,nosuid,nodev,noexec",
		"/srv/shop/variant":         "ro,nosuid,nodev,noexec",
		"/usr/share/zoneinfo/../xx": "ro,nosuid,nodev",
	} {
		e := cover(pl, filepath.Clean(at))
		if e == nil {
			t.Errorf("%s lies on no mount", at)
		} else if got := flagNames(e.Flags); got != want {
			t.Errorf("%s lies on %s (%s), want %s", at, e.Path, got, want)
		}
	}
	seen := map[string]bool{"/": true}
	for _, e := range pl.Entries {
		if under := cover(&plan.Plan{Entries: pl.Entries}, filepath.Dir(e.Path)); !seen[filepath.Dir(e.Path)] && under == nil {
			t.Errorf("%s stands before its parent", e.Path)
		}
		seen[e.Path] = true
	}
}

// Where programs can be started, the runtime holds only those that were named, and libraries.
func TestListedPrograms(t *testing.T) {
	pl := compile(t, shopExec(), testHost()).plan
	if pl.ExecOnce {
		t.Error("the filter of the one exec is on")
	}
	for at, want := range map[string]bool{
		"/usr/bin/php-cgi8.2": true, "/usr/bin/convert": true, "/usr/bin/dash": true, "/opt/tools/bin/x": true, "/usr/lib/cgi-bin/x": true,
		"/usr/lib64/ld-linux-x86-64.so.2": true, "/lib64/ld-linux-x86-64.so.2": true, "/usr/lib/php/x.so": true,
		"/usr/bin/id": false, "/usr/bin/perl": false, "/usr/sbin/sendmail": false, "/usr/libexec/x": false, "/usr/share/x": false, "/bin/ls": false,
		"/srv/shop/x": false, "/tmp/x": false,
	} {
		if err := mayExec(pl, at); (err == nil) != want {
			t.Errorf("%s can be executed: %v, want %v (%v)", at, err == nil, want, err)
		}
	}
	seen := map[string]bool{}
	for _, e := range pl.Entries {
		if seen[e.Path] {
			t.Errorf("%s is there twice", e.Path)
		}
		seen[e.Path] = true
	}
}

// A profile that is the same text as one of ours makes the same program.
func TestOwnProfile(t *testing.T) {
	for _, name := range config.Profiles() {
		p := shopExec()
		p.Jail.Seccomp = name
		ours := compile(t, p, testHost()).plan
		p.Jail.Seccomp, p.Jail.Profile = "/etc/jpm/my.seccomp", "# mine\ninclude "+name+"\n"
		own := compile(t, p, testHost()).plan
		if string(ours.Filter) != string(own.Filter) || ours.ExecOnce != own.ExecOnce {
			t.Errorf("%s: another program", name)
		}
		p.Jail.Profile = "exec listed\n[allow]\nsetpriority\ninclude " + name + "\n"
		if more := compile(t, p, testHost()).plan; string(more.Filter) == string(own.Filter) || more.ExecOnce {
			t.Errorf("%s: a line before the include changes nothing", name)
		}
	}
}

func TestAccountName(t *testing.T) {
	for in, want := range map[string]string{"shop": "shop", "www-data": "www-data", "1001": "worker", "": "worker", "a:b": "worker", "a\nroot": "worker", "root": "worker", "nobody": "worker", "-x": "worker"} {
		if got := accountName(config.Pool{User: in}); got != want {
			t.Errorf("accountName(%q) = %q, want %q", in, got, want)
		}
	}
}
