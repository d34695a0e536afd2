//go:build integration

package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The accounts of the tests' pools. They need no entry in /etc/passwd; the numbers are outside every range that Debian or
// systemd gives out.
const (
	proxyID     = 1910000000
	siteID      = 1910000001
	neighbourID = 1910000002
)

// What TestMain built.
var (
	bin    string // directory of jpm, jpm-init and the scripted worker
	source string // the module's directory
)

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if os.Geteuid() != 0 {
		fmt.Println("the integration tests need root")
		if os.Getenv("JPM_TEST_MUST_RUN") == "1" {
			return 1
		}
		return 0
	}
	for _, program := range []string{"nginx", "php-cgi", "wrk"} {
		if _, err := exec.LookPath(program); err != nil {
			fmt.Printf("%s is missing: test/setup installs it\n", program)
			return 1
		}
	}
	dir, err := scratch()
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer os.RemoveAll(dir)
	if err := build(dir); err != nil {
		fmt.Println(err)
		return 1
	}
	mounts := mountCount()
	code := m.Run()
	if left := processesOf(dir); len(left) > 0 {
		fmt.Println("processes left:", left)
		code = 1
	}
	if now := mountCount(); now != mounts {
		fmt.Printf("%d mounts at the end, %d at the start\n", now, mounts)
		code = 1
	}
	return code
}

// build compiles jpm as the Makefile does, and the scripted worker. A machine without Go brings them along and says in JPM_TEST_BIN
// where they are.
func build(dir string) error {
	wd, err := os.Getwd()
	if err != nil {
		return err
	}
	bin, source = dir, filepath.Dir(wd)
	if built := os.Getenv("JPM_TEST_BIN"); built != "" {
		bin = built
		return nil
	}
	for _, args := range [][]string{
		{"-trimpath", "-ldflags", "-X main.version=test", "./cmd/jpm", "./cmd/jpm-init"},
		{"./test/worker"},
	} {
		cmd := exec.Command("go", append([]string{"build", "-buildvcs=false", "-o", dir + "/"}, args...)...)
		cmd.Dir = source
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go build %s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	return nil
}

// scratch makes a directory that everybody can enter, with a short path because unix sockets lie in it, and not below
// /tmp, which a jail replaces by its own. The caller removes it.
func scratch() (string, error) {
	if err := os.MkdirAll("/srv", 0o755); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("/srv", "jpm-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755)
}

// tempDir is a scratch directory for one test.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := scratch()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}
