package jail

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

// bin holds what TestMain builds: jpm-init and the worker of testdata/worker. It lies outside /tmp, because a jail's /tmp
// is its own.
var bin string

// The test binary is also the master that a test kills: TestMain runs it instead of the tests.
const roleVariable = "JPM_TEST_ROLE"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(runRole(role))
	}
	flag.Parse() // a wrong flag ends the program; before there is anything to remove
	code, err := setUp(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "set up:", err)
		code = 1
	}
	os.Exit(code)
}

func setUp(m *testing.M) (int, error) {
	if os.Geteuid() != 0 {
		return m.Run(), nil // what needs root skips
	}
	if bin = os.Getenv("JPM_TEST_BIN"); bin == "" {
		var err error
		if bin, err = os.MkdirTemp("/var/lib", "jpm-jail-test-"); err != nil {
			return 1, err
		}
		defer os.RemoveAll(bin)
		if err := buildPrograms(); err != nil {
			return 1, err
		}
	}
	code := m.Run()
	if left := children(); len(left) > 0 {
		return 1, fmt.Errorf("processes left behind: %v", left)
	}
	if err := goleak.Find(); err != nil {
		return 1, err
	}
	return code, nil
}

// buildPrograms fills bin. A machine without Go brings them along and says in JPM_TEST_BIN where they are.
func buildPrograms() error {
	if err := os.Chmod(bin, 0o755); err != nil {
		return err
	}
	for name, pkg := range map[string]string{"jpm-init": "jpm/cmd/jpm-init", "worker": "./testdata/worker"} {
		build := exec.Command("go", "build", "-ldflags=-s -w", "-o", filepath.Join(bin, name), pkg)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", pkg, err, out)
		}
	}
	return nil
}

// children lists the processes whose parent is this one.
func children() []string {
	var all []string
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, d := range dirs {
		if st, err := readStatus(d); err == nil && st["PPid"] == fmt.Sprint(os.Getpid()) {
			all = append(all, st["Name"]+" "+st["Pid"])
		}
	}
	return all
}
