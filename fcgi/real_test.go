package fcgi

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

var scripts = map[string]string{
	"hello.php": `<?php header('X-Method: ' . $_SERVER['REQUEST_METHOD']); echo "hello ", $_GET['n'] ?? '';`,
	"echo.php": `<?php $h = hash_init('md5'); $n = 0; $f = fopen('php://input', 'r');
		while (($s = fread($f, 65536)) !== false && $s !== '') { hash_update($h, $s); $n += strlen($s); } echo $n, ' ', hash_final($h);`,
	"big.php":   `<?php $s = str_repeat('0123456789abcdef', 4096); for ($i = (int)$_GET['mib'] * 16; $i > 0; $i--) echo $s;`,
	"slow.php":  `<?php usleep(300000); echo 'at last';`,
	"stuck.php": `<?php header('X-Begun: 1'); echo str_repeat('x', 100000); flush(); sleep(30);`,
	"hang.php":  `<?php sleep(30);`,
	"gone.php":  `<?php while (!connection_aborted()) { echo 'x'; flush(); usleep(10000); }`,
	"noise.php": `<?php error_log(str_repeat('e', 6000)); echo 'quiet';`,
	"redir.php": `<?php header('X-Accel-Redirect: /secret'); echo 'mine';`,
}

// site writes the scripts where nginx and php-cgi find them.
func site(t testing.TB) string {
	t.Helper()
	root := t.TempDir()
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range scripts {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// sleepCalls are the numbers of nanosleep(2) and clock_nanosleep(2) on amd64 and arm64.
var sleepCalls = []string{"35", "230", "101", "115"}

var web = &http.Client{Timeout: 2 * patienceOf, Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}}

// fetch gives a response's status and body.
func fetch(t testing.TB, method, url string, body io.Reader) (int, string, http.Header, error) {
	t.Helper()
	req, err := http.NewRequest(method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := web.Do(req)
	if err != nil {
		return 0, "", nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), resp.Header, err
}

// TestNginx has real requests go through nginx, the proxy and php-cgi, in the ways nginx can be set up.
func TestNginx(t *testing.T) {
	setups := []struct{ name, location, upstream string }{
		{"plain", "", ""},
		{"keep_conn", "fastcgi_keep_conn on;", "keepalive 4;"},
		{"unbuffered", "fastcgi_request_buffering off; fastcgi_buffering off;", ""},
		{"keep_conn, unbuffered", "fastcgi_keep_conn on; fastcgi_request_buffering off; fastcgi_buffering off;", "keepalive 4;"},
	}
	root := site(t)
	for _, s := range setups {
		t.Run(s.name, func(t *testing.T) {
			core, logs := observer.New(zap.InfoLevel)
			l, _ := phpWorkers(t, 2)
			var mu sync.Mutex
			var told bytes.Buffer // guarded by mu
			p := &Proxy{Pick: l.pick, Log: zap.New(core), Stderr: func(_ *Request, _ Upstream, b []byte) {
				mu.Lock()
				defer mu.Unlock()
				told.Write(b)
			}}
			url := "http://" + nginx(t, root, listen(t, p), s.location, s.upstream)
			check := func(method, path string, body []byte, want string) {
				t.Helper()
				status, got, _, err := fetch(t, method, url+path, bytes.NewReader(body))
				if err != nil || status != 200 || got != want {
					t.Errorf("%s %s = %d %.80q %v, want %.80q", method, path, status, got, err, want)
				}
			}
			for i := range 20 {
				check("GET", "/hello.php?n="+strconv.Itoa(i), nil, "hello "+strconv.Itoa(i))
			}
			check("HEAD", "/hello.php", nil, "")
			check("GET", "/hello.php", nil, "hello ")
			for _, size := range []int{0, 1, 1000, 16 << 10, 300_001, 3 << 20} {
				body := bytes.Repeat([]byte("jpm"), size/3+1)[:size]
				sum := md5.Sum(body)
				check("POST", "/echo.php", body, fmt.Sprint(size, " ", hex.EncodeToString(sum[:])))
			}
			check("GET", "/slow.php", nil, "at last")
			check("GET", "/redir.php", nil, "mine")
			check("GET", "/noise.php", nil, "quiet")
			mu.Lock()
			if !strings.Contains(told.String(), strings.Repeat("e", 6000)) {
				t.Errorf("STDERR: %d bytes were told", told.Len())
			}
			mu.Unlock()
			status, _, _, err := fetch(t, "GET", url+"/missing.php", nil)
			if err != nil || status != 404 {
				t.Errorf("a missing script is %d %v", status, err)
			}
			_, body, _, err := fetch(t, "GET", url+"/big.php?mib=10", nil)
			if err != nil || len(body) != 10<<20 {
				t.Errorf("download of %d bytes, %v", len(body), err)
			}
			var many sync.WaitGroup
			for range 8 {
				many.Go(func() {
					for range 10 {
						check("GET", "/hello.php?n=x", nil, "hello x")
					}
				})
			}
			many.Wait()
			if logs.FilterMessage("request failed").Len() > 0 || logs.FilterMessage("answer broken off").Len() > 0 {
				t.Errorf("logged: %v", logs.All())
			}
		})
	}
}

// TestNginxHundredMegabytes goes both ways with more than any buffer holds.
func TestNginxHundredMegabytes(t *testing.T) {
	const size = 100 << 20
	for _, location := range []string{"fastcgi_keep_conn on;", "fastcgi_request_buffering off; fastcgi_buffering off;"} {
		l, _ := phpWorkers(t, 1)
		url := "http://" + nginx(t, site(t), listen(t, &Proxy{Pick: l.pick}), location, "keepalive 1;")
		h := md5.New()
		zeros := io.TeeReader(io.LimitReader(zeroReader{}, size), h)
		req, err := http.NewRequest("PUT", url+"/echo.php", zeros)
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = size
		resp, err := web.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if want := fmt.Sprint(size, " ", hex.EncodeToString(h.Sum(nil))); string(b) != want || err != nil {
			t.Errorf("%s upload: %.100q %v, want %q", location, b, err, want)
		}
		resp, err = web.Get(url + "/big.php?mib=100")
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		if n != size || err != nil {
			t.Errorf("%s download: %d bytes, %v", location, n, err)
		}
		l.wantOutcomes(t, Reuse, Reuse)
	}
}

type zeroReader struct{}

func (zeroReader) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// TestNginxWorkerKilled kills the worker before and within its answer: never may a browser take a part for the whole.
func TestNginxWorkerKilled(t *testing.T) {
	for _, keep := range []string{"", "fastcgi_keep_conn on;"} {
		for _, buffering := range []string{"", "fastcgi_buffering off;"} {
			t.Run(keep+buffering, func(t *testing.T) {
				l, cmds := phpWorkers(t, 2)
				core, logs := observer.New(zap.WarnLevel)
				picked := make(chan struct{}, 2)
				pick := func(r *Request) (Upstream, Waiter, error) {
					up, wait, err := l.pick(r)
					picked <- struct{}{}
					return up, wait, err
				}
				url := "http://" + nginx(t, site(t), listen(t, &Proxy{Pick: pick, Log: zap.New(core)}), keep+buffering, "keepalive 1;")
				kill := func(i int) { _ = syscall.Kill(cmds[i].Process.Pid, syscall.SIGKILL) }

				resp, err := web.Get(url + "/stuck.php")
				if err != nil {
					t.Fatal(err)
				}
				<-picked
				kill(0)
				n, err := io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
				if err == nil {
					t.Errorf("a browser takes %d bytes for the whole", n)
				}
				go func() {
					<-picked
					for sleeps := false; !sleeps; time.Sleep(time.Millisecond) { // the script runs
						b, err := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", cmds[1].Process.Pid))
						number, _, _ := strings.Cut(string(b), " ")
						sleeps = err != nil || slices.Contains(sleepCalls, number)
					}
					kill(1)
				}()
				if status, _, _, err := fetch(t, "GET", url+"/hang.php", nil); status != 502 || err != nil {
					t.Errorf("status %d %v, want 502", status, err)
				}
				l.wantOutcomes(t, Lost, Lost)
				if logs.FilterMessage("answer broken off").Len() != 1 || logs.FilterMessage("request failed").Len() != 1 {
					t.Errorf("logged: %v", logs.All())
				}
			})
		}
	}
}

// TestNginxBrowserGone has browsers leave while php-cgi works; the next request is served by the same worker.
func TestNginxBrowserGone(t *testing.T) {
	l, _ := phpWorkers(t, 1)
	picked := make(chan struct{}, 10)
	pick := func(r *Request) (Upstream, Waiter, error) {
		defer func() { picked <- struct{}{} }()
		return l.pick(r)
	}
	url := "http://" + nginx(t, site(t), listen(t, &Proxy{Pick: pick}), "", "")
	for range 3 {
		ctx, cancel := context.WithCancel(context.Background())
		req, err := http.NewRequestWithContext(ctx, "GET", url+"/gone.php", nil)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			<-picked
			cancel()
		}()
		if resp, err := web.Do(req); err == nil {
			_ = resp.Body.Close()
		}
		cancel()
	}
	status, body, _, err := fetch(t, "GET", url+"/hello.php?n=1", nil)
	if status != 200 || body != "hello 1" || err != nil {
		t.Errorf("%d %q %v", status, body, err)
	}
	// The second and third may have left while they waited for a worker; those were never sent.
	if got := l.outcomes(); got[0] != Reconnect || got[len(got)-1] != Reuse {
		t.Errorf("outcomes %v", got)
	}
}
