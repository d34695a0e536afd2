//go:build integration

package test

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// TestApache: pages, uploads, large answers and what is not allowed, through Apache as Debian sets it up for php-fpm (conf-available/php8.2-fpm.conf),
// with nothing changed but the socket.
func TestApache(t *testing.T) {
	if _, err := exec.LookPath("apache2"); err != nil {
		t.Fatalf("apache2 is missing, test/setup installs it: %v", err)
	}
	j := startJPM(t, site{workers: "max = 2", request: `max_body = "32M"`})
	address := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	conf := j.write("apache.conf", fmt.Sprintf(`
ServerRoot %[1]s
DefaultRuntimeDir %[1]s
PidFile %[1]s/apache.pid
ErrorLog /dev/stderr
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_fcgi_module /usr/lib/apache2/modules/mod_proxy_fcgi.so
LoadModule setenvif_module /usr/lib/apache2/modules/mod_setenvif.so
User www-data
Group www-data
Listen %[2]s
ServerName site.test
DocumentRoot %[1]s/site
<Directory %[1]s/site>
	Require all granted
</Directory>
SetEnvIfNoCase ^Authorization$ "(.+)" HTTP_AUTHORIZATION=$1
<FilesMatch ".+\.ph(?:ar|p|tml)$">
	SetHandler "proxy:unix:%[3]s|fcgi://localhost"
</FilesMatch>
<FilesMatch ".+\.phps$">
	Require all denied
</FilesMatch>
`, j.dir, address, j.socket("site")))
	cmd := exec.Command("apache2", "-X", "-f", conf)
	out := &logBuffer{}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("apache2 printed:\n%s", out)
		}
	})
	a := &nginx{t: t, url: "http://" + address}
	eventually(t, "Apache answers", func() bool {
		resp, err := http.Get(a.url + "/none")
		if err == nil {
			_ = resp.Body.Close()
		}
		return err == nil
	})
	for i := range 5 {
		a.get(fmt.Sprintf("/index.php?%d", i)).want(t, 200, fmt.Sprintf("hello %d", i))
	}
	for _, size := range []int{1, 8192, 3 << 20} {
		body := strings.Repeat("x", size)
		a.send(http.MethodPost, "/body.php", body).want(t, 200, sum(body))
	}
	if got := a.get("/download.php?mib=8"); got.err != nil || len(got.body) != 8<<20 {
		t.Errorf("download: %d bytes, error %v", len(got.body), got.err)
	}
	a.get("/missing.php").want(t, 404, "")

	mark := j.log.mark()
	running := a.start("/partial.php")
	worker := j.busy(1)[0]
	eventually(t, "the worker has sent half of its answer", func() bool { return sleeps(worker.Pid) })
	kill(t, worker.Pid)
	if got := <-running; got.err == nil && got.status == 200 {
		t.Errorf("a whole answer of %d bytes from a worker that was killed", len(got.body))
	}
	j.log.wait(t, mark, line{"msg": "request", "uri": "/partial.php"})

	ctx, cancel := context.WithCancel(t.Context())
	gone, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url+"/download.php?mib=256", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client().Do(gone)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	_ = resp.Body.Close()
	j.waitIdle()
	a.get("/index.php?after").want(t, 200, "hello after")
}
