//go:build integration

package test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"jpm/status"
)

// quickstart is a running examples/quickstart/run.
type quickstart struct {
	cmd *exec.Cmd
	log *logBuffer
}

func startQuickstart(t *testing.T) *quickstart {
	t.Helper()
	// A shell cannot trap what was ignored when it began, as SIGINT is where the tests run in the background of a script.
	q := &quickstart{cmd: exec.Command("env", "--default-signal=INT", filepath.Join(source, "examples/quickstart/run")), log: &logBuffer{}}
	q.cmd.Stdout, q.cmd.Stderr, q.cmd.WaitDelay = q.log, q.log, patience
	if err := q.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if q.cmd.ProcessState == nil {
			q.stop(t)
		}
	})
	for deadline := time.Now().Add(5 * time.Minute); !strings.Contains(q.log.String(), "Ctrl-C stops"); time.Sleep(50 * time.Millisecond) {
		if !alive(q.cmd.Process.Pid) || time.Now().After(deadline) {
			t.Fatalf("the quickstart does not start\n%s", q.log)
		}
	}
	return q
}

// stop ends the quickstart as Ctrl-C does and looks for what is left.
func (q *quickstart) stop(t *testing.T) {
	t.Helper()
	family := descendants(q.cmd.Process.Pid)
	q.cmd.Process.Signal(syscall.SIGINT)
	q.cmd.Wait()
	if code := q.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("ended with %d, want 0\n%s", code, q.log)
	}
	for _, p := range family {
		if alive(p.pid) {
			t.Errorf("process left: %v", p)
		}
	}
	if _, err := os.Stat("/run/jpm-quickstart"); err == nil {
		t.Error("left: /run/jpm-quickstart")
	}
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)

// edit saves a page of the wiki as a browser does, and returns what reading it shows.
func edit(t *testing.T, page, text string) string {
	t.Helper()
	jar, _ := cookiejar.New(nil)
	browser := &http.Client{Jar: jar, Timeout: 30 * time.Second}
	fetch := func(resp *http.Response, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s, error %v\n%s", resp.Request.URL, resp.Status, err, clip(string(b)))
		}
		return string(b)
	}
	form := url.Values{"wikitext": {text}, "do[save]": {"1"}, "summary": {"test"}}
	for _, m := range hiddenField.FindAllStringSubmatch(fetch(browser.Get(wiki+"/doku.php?do=edit&id="+page)), -1) {
		if !form.Has(m[1]) && m[1] != "do" {
			form.Set(m[1], m[2])
		}
	}
	fetch(browser.PostForm(wiki+"/doku.php?id="+page, form))
	return fetch(browser.Get(wiki + "/doku.php?id=" + page))
}

const wiki = "http://127.0.0.1:8080"

// TestQuickstart is the main job in one command: a page edited in DokuWiki is there after a restart, and the lab is shut.
func TestQuickstart(t *testing.T) {
	mounts := mountCount()
	q := startQuickstart(t)
	text := "Saved at " + time.Now().Format(time.RFC3339Nano)
	if shown := edit(t, "playground:test", text); !strings.Contains(shown, text) {
		t.Errorf("the page does not show what was saved: %s", clip(shown))
	}
	get := func(url string) answer {
		r, err := http.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		return do(r)
	}
	get(wiki+"/").want(t, 200, "Edit this page")
	get(wiki+"/lib/exe/css.php").want(t, 200, "")
	get(wiki+"/lib/exe/js.php").want(t, 200, "")
	for _, hidden := range []string{"/data/pages/start.txt", "/conf/local.php", "/inc/init.php", "/install.php", "/.htaccess"} {
		get(wiki+hidden).want(t, 404, "")
	}
	for _, p := range report(t, get("http://127.0.0.1:8081/?format=json").body) {
		if p.Allowed {
			t.Errorf("%s: allowed: the lab could %s", p.Probe, p.Title)
		}
	}
	get("http://127.0.0.1:8081/").want(t, 200, "attempts denied")
	get("http://127.0.0.1:8081/uploads/x.php").want(t, 403, "")
	get("http://127.0.0.1:9253/").want(t, 200, "wiki")
	// An application as it is makes no incident at all, or nobody could act on the first one; the lab makes many.
	var s status.Snapshot
	if err := json.Unmarshal([]byte(get("http://127.0.0.1:9253/status.json").body), &s); err != nil {
		t.Fatal(err)
	}
	if wiki := s.Incidents["wiki"].Last; len(wiki) != 0 {
		t.Errorf("incidents of DokuWiki: %+v", wiki)
	}
	eventually(t, "the lab has incidents of seccomp and scripts", func() bool {
		if err := json.Unmarshal([]byte(get("http://127.0.0.1:9253/status.json").body), &s); err != nil {
			t.Fatal(err)
		}
		lab := s.Incidents["lab"].Counts
		return lab[status.Seccomp] > 0 && lab[status.Scripts] > 0
	})

	second, err := exec.Command(filepath.Join(source, "examples/quickstart/run")).CombinedOutput()
	if err == nil || !strings.Contains(string(second), "port 8080 of 127.0.0.1 is in use") {
		t.Errorf("a second quickstart: %v, printed %q", err, second)
	}
	q.stop(t)

	q = startQuickstart(t)
	get(wiki+"/doku.php?id=playground:test").want(t, 200, text)
	edit(t, "playground:test", "") // removes the page
	q.stop(t)
	if n := mountCount(); n != mounts {
		t.Errorf("%d mounts, %d before", n, mounts)
	}
}

// TestQuickstartNeedsRoot: it says so.
func TestQuickstartNeedsRoot(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(source, "examples/quickstart/run"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("bash", "-s")
	cmd.Stdin, cmd.Dir = strings.NewReader(string(text)), "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: siteID, Gid: siteID}}
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "needs root") {
		t.Errorf("got %v and %q", err, out)
	}
}

// TestExamples checks every configuration in examples/. TestQuickstart, which makes the accounts they name, comes first.
func TestExamples(t *testing.T) {
	checked := 0
	err := filepath.WalkDir(filepath.Join(source, "examples"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".hcl" || filepath.Base(filepath.Dir(path)) == "pools.d" {
			return err // those in pools.d are included by others
		}
		checked++
		if out, errs, code := command(t, "check", "-c", path); code != 0 {
			t.Errorf("jpm check -c %s: exit code %d\n%s%s", path, code, out, errs)
		}
		return nil
	})
	if err != nil || checked == 0 {
		t.Errorf("%d files checked, error %v", checked, err)
	}
}
