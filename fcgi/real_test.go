package fcgi

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/zap/zaptest"
)

func TestReal(t *testing.T) {
	root := t.TempDir()
	os.Chmod(root, 0o755)
	if err := os.WriteFile(filepath.Join(root, "hello.php"), []byte(`<?php echo "hello ", $_GET['n'] ?? '';`), 0o644); err != nil {
		t.Fatal(err)
	}
	l, _ := phpWorkers(t, 2)
	p := &Proxy{Pick: l.pick, Log: zaptest.NewLogger(t)}
	sock := listen(t, p)
	addr := nginx(t, root, sock, "fastcgi_keep_conn on;", "keepalive 8;")
	for range 3 {
		resp, err := http.Get("http://" + addr + "/hello.php?n=7")
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		t.Log(resp.Status, string(b), err)
	}
	t.Log(l.outcomes())
}
