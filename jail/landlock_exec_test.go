package jail

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"jpm/config"
	"jpm/jail/plan"
)

// php-cgi under php starts nothing, so Landlock has it execute only itself and its loader; under php-exec it may execute what is named
// beside them. A program that may be a script needs its interpreter.
func TestLandlockPrograms(t *testing.T) {
	php := shop()
	php.Jail.Exec = nil
	perl := pool("perl", "/usr/bin/worker.pl")
	withLoader, without := testHost(), testHost()
	without.Loaders = []string{"/nix/store/glibc/ld-linux-x86-64.so.2"} // in no jail
	for _, c := range []struct {
		name string
		pool config.Pool
		host *Host
		want []string
	}{
		{"php", php, withLoader, []string{testLoader, "/usr/bin/php-cgi8.2"}},
		{"php-exec", shopExec(), withLoader, []string{"/opt/tools/bin", "/usr/bin/convert", "/usr/bin/dash", "/usr/bin/php-cgi8.2", "/usr/lib/cgi-bin", testLoader}},
		{"script", perl, withLoader, []string{"/usr"}},
		{"php, loader elsewhere", php, without, []string{"/usr/lib", "/usr/lib64", "/usr/bin/php-cgi8.2"}},
		{"php-exec, loader elsewhere", shopExec(), without,
			[]string{"/usr/lib", "/usr/lib64", "/opt/tools/bin", "/usr/bin/convert", "/usr/bin/dash", "/usr/bin/php-cgi8.2", "/usr/lib/cgi-bin"}},
	} {
		var got []string
		for _, r := range compile(t, c.pool, c.host).plan.Landlock.Rules {
			if r.Access&unix.LANDLOCK_ACCESS_FS_EXECUTE != 0 {
				got = append(got, r.Path)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s may execute %q, want %q", c.name, got, c.want)
		}
	}
}

// Where programs among the libraries are within reach, that shows.
func TestLandlockProgramLines(t *testing.T) {
	noLandlock := shopExec()
	noLandlock.Jail.Landlock = false
	elsewhere := testHost()
	elsewhere.Loaders = nil
	const setting = "programs among the libraries cannot be started"
	for _, c := range []struct {
		name string
		pool config.Pool
		host *Host
		want []Line
	}{
		{"nothing is started", shop(), testHost(), nil},
		{"Landlock", shopExec(), testHost(), []Line{partly(setting, "the loader, started as a program, runs what it is told to")}},
		{"no Landlock", noLandlock, testHost(), []Line{off(setting, "only Landlock can tell the two apart")}},
		{"no loader", shopExec(), elsewhere, []Line{off(setting, "no loader was found that could be allowed alone")}},
	} {
		if got := programLines(compile(t, c.pool, c.host)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// Named pipes are made only where the profile allows it.
func TestLandlockFifo(t *testing.T) {
	own := shop()
	own.Jail.Seccomp, own.Jail.Profile = "/etc/jpm/shop.seccomp", "default EPERM\nexec once\n[allow]\nmknodat\ninclude php\n"
	for name, c := range map[string]struct {
		pool config.Pool
		want bool
	}{"php": {shop(), false}, "its own": {own, true}} {
		got := slices.ContainsFunc(compile(t, c.pool, testHost()).plan.Landlock.Rules, func(r plan.PathRule) bool {
			return r.Access&unix.LANDLOCK_ACCESS_FS_MAKE_FIFO != 0
		})
		if got != c.want {
			t.Errorf("%s: some path allows named pipes: %v, want %v", name, got, c.want)
		}
	}
}
