package jail

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// jpm's own programs run where no loader is.
func TestOpenProgram(t *testing.T) {
	shell, err := filepath.EvalSymlinks("/bin/sh")
	if err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("no program ", 10)), 0o755); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(bin, "worker"): "",
		"/bin/sh":                    shell + " cannot start in a jail: it needs the loader /",
		text:                         "bad magic number",
		"/nonexistent":               "no such file",
	} {
		f, err := OpenProgram(path)
		if err == nil {
			f.Close()
		}
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("OpenProgram(%s) = %v, want %q", path, err, want)
		}
	}
}
