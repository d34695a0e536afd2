//go:build integration

package test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// What the host lacks now is named by check, with field and path, and does not keep jpm from serving.
func TestCheckNamesWhatIsMissing(t *testing.T) {
	dir := tempDir(t)
	socket, made := filepath.Join(dir, "run", "redis.sock"), filepath.Join(dir, "var")
	j := newJPM(t, site{jail: fmt.Sprintf("sockets = [%q]\nwrite = [%q]\ncreate_write = true", socket, made)})
	out, errs, code := command(t, j.args("check")...)
	if code != 1 || !strings.Contains(errs, `pool "site": jail.sockets `+socket+`: connections are refused until the service makes it`) {
		t.Errorf("check = %d, %q", code, errs)
	}
	if strings.Contains(errs, made) || !strings.Contains(out, socket) {
		t.Errorf("check complains of what jpm will make, or does not show the socket: %q\n%s", errs, out)
	}
	j.start()
	j.log.wait(t, 0, line{"msg": "socket is missing: connections are refused until it is there", "field": "jail.sockets", "path": socket})
	j.front("").get("/index.php").want(t, 200, "hello")
}
