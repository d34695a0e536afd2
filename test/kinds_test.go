//go:build integration

package test

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The profile generic has workers of many kinds; fcgiwrap, whose work is to start programs, needs php-exec.
func TestKindsOfWorkers(t *testing.T) {
	dir := kindsDir(t)
	for _, k := range []struct {
		name    string
		command []string
		jail    string
		script  string
		pages   map[string]string // by query
	}{
		{"libfcgi", []string{dir + "/echo"}, fmt.Sprintf("seccomp = \"generic\"\nexec = [%q]", dir), "/echo",
			map[string]string{"": "GET ", "kib=300": strings.Repeat("x", 300<<10)}},
		{"Perl", []string{"/usr/bin/perl", dir + "/echo.pl"}, fmt.Sprintf("seccomp = \"generic\"\nread = [%q]", dir), "/echo",
			map[string]string{"": "GET ", "kib=300": strings.Repeat("x", 300<<10)}},
		{"Perl script", []string{dir + "/script.pl"}, fmt.Sprintf("seccomp = \"generic\"\nexec = [%q]", dir), "/echo",
			map[string]string{"": "GET "}},
		{"Go", []string{dir + "/kinds"}, fmt.Sprintf("seccomp = \"generic\"\nexec = [%q]", dir), "/page",
			map[string]string{"": "a page", "exec": "fork/exec /usr/bin/id: operation not permitted"}},
		{"Python that forks", []string{"/usr/bin/python3", dir + "/prefork.py"}, fmt.Sprintf("seccomp = \"generic\"\nread = [%q]", dir), "/page",
			map[string]string{"": "a page of 1", "exec": "1", "lock": "locked"}}, // EPERM
		{"uWSGI", []string{"/usr/bin/uwsgi", "--plugin", "python3", "--fastcgi-socket", "fd://0", "--wsgi-file", dir + "/echo.py", "--need-app",
			"--master", "--processes", "2", "--threads", "2", "--die-on-term"}, fmt.Sprintf("seccomp = \"generic\"\nread = [%q]", dir), "/echo",
			map[string]string{"": "GET ", "kib=300": strings.Repeat("x", 300<<10)}},
		{"fcgiwrap", []string{"/usr/sbin/fcgiwrap", "-c", "2"},
			fmt.Sprintf("seccomp = \"php-exec\"\nexec = [%q, \"/bin/sh\", \"/usr/bin/cat\", \"/usr/bin/head\", \"/usr/bin/tr\"]", dir+"/echo.cgi"), dir + "/echo.cgi",
			map[string]string{"": "GET ", "kib=300": strings.Repeat("x", 300<<10)}},
	} {
		t.Run(k.name, func(t *testing.T) {
			if _, err := os.Stat(k.command[0]); err != nil {
				t.Fatalf("%v: test/setup installs it", err)
			}
			j := startJPM(t, site{command: k.command, noRule: true, jail: k.jail, workers: "max = 2"})
			for query, want := range k.pages {
				for range 3 {
					a := j.exchange(simple(1, false, "SCRIPT_FILENAME", k.script, "SCRIPT_NAME", "/page", "REQUEST_URI", "/page?"+query, "QUERY_STRING", query,
						"REQUEST_METHOD", "GET", "SERVER_PROTOCOL", "HTTP/1.1", "SERVER_NAME", "site.test", "SERVER_PORT", "80", "REMOTE_ADDR", "192.0.2.7"))
					if _, got, ok := strings.Cut(a.stdout, "\r\n\r\n"); !ok || got != want || !a.ended {
						t.Errorf("%q: %q, stderr %q, want %q", query, clip(a.stdout), clip(a.stderr), clip(want))
						break
					}
				}
			}
		})
	}
}

// kindsDir holds the workers, compiled where they must be.
func kindsDir(t *testing.T) string {
	t.Helper()
	dir := tempDir(t)
	for _, name := range []string{"echo.pl", "echo.cgi", "echo.py"} {
		copyFile(t, filepath.Join("peers/testdata/workers", name), filepath.Join(dir, name), 0o755)
	}
	copyFile(t, "testdata/kinds/prefork.py", filepath.Join(dir, "prefork.py"), 0o644)
	perl, err := os.ReadFile(filepath.Join(dir, "echo.pl"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "script.pl"), append([]byte("#!/usr/bin/perl\n"), perl...), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"gcc", "-O1", "-Wall", "-Werror", "-o", filepath.Join(dir, "echo"), "peers/testdata/workers/echo.c", "-lfcgi"},
		{"go", "build", "-o", filepath.Join(dir, "kinds"), "./testdata/kinds"},
	} {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", args[0], err, out)
		}
	}
	return dir
}

func copyFile(t *testing.T, from, to string, mode os.FileMode) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, mode); err != nil {
		t.Fatal(err)
	}
}

// Under php-exec a site's programs are those of jail.exec and no others. One that lies among the libraries can be given to the loader.
func TestPHPPrograms(t *testing.T) {
	tools := tempDir(t)
	script := "#!/bin/sh\necho from a script\n"
	for _, name := range []string{"listed", "other"} {
		if err := os.MkdirAll(filepath.Join(tools, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(tools, name, "script"), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	listed := tools + "/listed"
	j := startPrograms(t, fmt.Sprintf("exec = [%q, \"/bin/sh\", \"/usr/bin/wc\"]", listed))
	loader, err := filepath.EvalSymlinks("/lib64/ld-linux-x86-64.so.2")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ query, want string }{
		{"argv=/usr/bin/wc -c /usr/bin/id", " /usr/bin/id 0"}, // it can be read, as all of /usr
		{"shell=echo a | /usr/bin/wc -c", "2 0"},
		{"argv=" + listed + "/script", "from a script 0"},
		{"shell=" + listed + "/script", "from a script 0"},

		{"argv=/usr/bin/id", " 127"}, // PHP's child ends so where execve failed
		{"shell=/usr/bin/id", "Permission denied 126"},
		{"shell=/bin/ls /", "Permission denied 126"},
		{"shell=/usr/bin/perl -e 1", "Permission denied 126"},
		{"argv=" + tools + "/other/script", " 127"},
		{"shell=" + j.dir + "/site/id", "Permission denied 126"},
		{"shell=" + loader + " /usr/bin/id", "failed to map segment from shared object 127"},
		{"argv=" + libraryProgram + " --version", " 127"},
		{"shell=" + libraryProgram + " --version", "Permission denied 126"},
		{"shell=" + loader + " " + libraryProgram + " --version", " 0"}, // docs/seccomp.md says so
	} {
		if got := runProgram(j, c.query); !strings.HasSuffix(got, c.want) || strings.Contains(got, "uid=") {
			t.Errorf("%s: %q, want it to end in %q", c.query, got, c.want)
		}
	}
}

// Without Landlock the mounts alone say what starts, and they cannot tell a program among the libraries from a library.
func TestPHPProgramsWithoutLandlock(t *testing.T) {
	j := startPrograms(t, "exec = [\"/bin/sh\"]\nlandlock = false")
	for query, want := range map[string]string{"argv=" + libraryProgram + " --version": " 0", "argv=/usr/bin/id": " 127"} {
		if got := runProgram(j, query); !strings.HasSuffix(got, want) {
			t.Errorf("%s: %q, want it to end in %q", query, got, want)
		}
	}
}

// libraryProgram is one that its package keeps among the libraries.
const libraryProgram = "/usr/lib/apt/apt-helper"

// startPrograms starts a site under php-exec that runs what it is asked for.
func startPrograms(t *testing.T, jail string) *jpm {
	t.Helper()
	j := newJPM(t, site{workers: "max = 1", jail: "seccomp = \"php-exec\"\n" + jail})
	copyFile(t, "testdata/kinds/programs.php", filepath.Join(j.dir, "site", "programs.php"), 0o644)
	copyFile(t, "/usr/bin/id", filepath.Join(j.dir, "site", "id"), 0o755)
	j.start()
	return j
}

// runProgram has the site start a program. It returns what that wrote and its exit code.
func runProgram(j *jpm, query string) string {
	a := j.exchange(simple(1, false, append(j.scriptParams("programs.php"), "QUERY_STRING", url.PathEscape(query))...))
	_, got, _ := strings.Cut(a.stdout, "\r\n\r\n")
	if !a.ended {
		return got + " (cut off)"
	}
	return got
}
