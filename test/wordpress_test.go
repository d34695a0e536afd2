//go:build integration

package test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	wordpressRoot    = "/usr/share/wordpress"
	wordpressContent = "/var/lib/wordpress/wp-content"
)

// wordpress is an instance of Debian's package with a content directory, a database and an address of its own.
type wordpress struct {
	t       *testing.T
	client  *http.Client
	url     string
	content string
	jpm     *jpm
	db      *mariadb
}

// wordpressLocations is what nginx serves of it: what was uploaded and what belongs to themes as files, PHP through jpm.
const wordpressLocations = `
        location /wp-content/ { root %[1]s; }
        location / { index index.php; try_files $uri $uri/ /index.php?$args; }
        location ~ \.php$ {
            include /etc/nginx/fastcgi_params;
            fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
            fastcgi_param WORDPRESS_CONFIG %[2]s;
            fastcgi_pass site;
            fastcgi_keep_conn on;
        }
`

// newWordPress starts MariaDB, jpm and nginx. The default jail with read, write and sockets is all that WordPress gets.
func newWordPress(t *testing.T) *wordpress {
	t.Helper()
	if _, err := os.Stat(wordpressRoot); err != nil {
		t.Fatalf("%v: test/setup installs it", err)
	}
	w := &wordpress{t: t, db: newMariaDB(t)}
	w.db.run("create database wordpress", "create user 'wordpress'@'localhost' identified by 'opensesame'",
		"grant all on wordpress.* to 'wordpress'@'localhost'")

	dir := tempDir(t)
	w.content = filepath.Join(dir, "wp-content")
	if err := os.CopyFS(w.content, os.DirFS(wordpressContent)); err != nil {
		t.Fatal(err)
	}
	uploads := filepath.Join(w.content, "uploads")
	if err := os.Chown(uploads, siteID, siteID); err != nil {
		t.Fatal(err)
	}
	// Debian's WordPress looks for its settings in /etc/wordpress, by a name that the web server gives.
	name := filepath.Base(dir)
	settings := filepath.Join("/etc/wordpress", "config-"+name+".php")
	if err := os.WriteFile(settings, fmt.Appendf(nil, wordpressSettings, w.db.socket, w.content), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.Remove(settings); err != nil {
			t.Error(err)
		}
	})
	w.jpm = startJPM(t, site{
		root: wordpressRoot,
		jail: fmt.Sprintf("read = [%q, %q]\nwrite = [%q]\nsockets = [%q]", "/etc/wordpress", w.content, uploads, w.db.socket),
		php:  `ini = { memory_limit = "128M" }`,
	})
	w.url = startNginxWith(t, w.jpm.socket("site"), wordpressRoot, fmt.Sprintf(wordpressLocations, dir, name)).url
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.client = client()
	w.client.Jar = jar
	return w
}

const wordpressSettings = `<?php
define('DB_NAME', 'wordpress');
define('DB_USER', 'wordpress');
define('DB_PASSWORD', 'opensesame');
define('DB_HOST', 'localhost:%s');
define('WP_CONTENT_DIR', '%s');
`

// answer sends a request with the session's cookies.
func (w *wordpress) answer(r *http.Request) answer {
	w.t.Helper()
	resp, err := w.client.Do(r)
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return answer{status: resp.StatusCode, header: resp.Header, body: string(b), err: err}
}

func (w *wordpress) send(method, path, contentType string, body io.Reader, header ...string) answer {
	w.t.Helper()
	r, err := http.NewRequest(method, w.url+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return w.answer(r)
}

func (w *wordpress) get(path string) answer { return w.send(http.MethodGet, path, "", nil) }

func (w *wordpress) post(path string, form url.Values) answer {
	return w.send(http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
}

// install goes through WordPress' own installation and logs in.
func (w *wordpress) install() {
	w.t.Helper()
	w.get("/wp-admin/install.php").want(w.t, 200, "WordPress")
	w.post("/wp-admin/install.php?step=2", url.Values{"weblog_title": {"A jailed site"}, "user_name": {"editor"}, "admin_password": {"correct horse"},
		"admin_password2": {"correct horse"}, "pw_weak": {"on"}, "admin_email": {"editor@example.org"}, "blog_public": {"0"}}).want(w.t, 200, "Success!")
	w.get("/wp-login.php").want(w.t, 200, "user_login")
	w.post("/wp-login.php", url.Values{"log": {"editor"}, "pwd": {"correct horse"}, "wp-submit": {"Log In"}, "testcookie": {"1"},
		"redirect_to": {w.url + "/wp-admin/"}}).want(w.t, 200, "Dashboard")
}

var restNonce = regexp.MustCompile(`createNonceMiddleware\(\s*"([0-9a-f]+)"`)

// picture is a PNG that is large enough for WordPress to make smaller ones of.
func picture(t *testing.T) []byte {
	t.Helper()
	im := image.NewRGBA(image.Rect(0, 0, 640, 480))
	for x := range 640 {
		for y := range 480 {
			im.Set(x, y, color.RGBA{uint8(x), uint8(y), 128, 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, im); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Debian's WordPress with MariaDB behind its socket installs, logs in, publishes, and makes thumbnails in the process; it comes back
// by itself when the database has been started again.
func TestWordPress(t *testing.T) {
	w := newWordPress(t)
	w.install()
	editor := w.get("/wp-admin/post-new.php")
	editor.want(t, 200, "wp-block-editor")
	nonce := restNonce.FindStringSubmatch(editor.body)
	if nonce == nil {
		t.Fatalf("the editor has no nonce: %s", clip(editor.body))
	}

	post, _ := json.Marshal(map[string]string{"title": "From inside", "content": "<!-- wp:paragraph --><p>Written in a jail.</p><!-- /wp:paragraph -->", "status": "publish"})
	w.send(http.MethodPost, "/index.php?rest_route=/wp/v2/posts", "application/json", bytes.NewReader(post), "X-WP-Nonce", nonce[1]).want(t, 201, "From inside")

	var form bytes.Buffer
	mp := multipart.NewWriter(&form)
	part, err := mp.CreateFormFile("file", "colours.png")
	if err != nil {
		t.Fatal(err)
	}
	original := picture(t)
	part.Write(original)
	mp.Close()
	uploaded := w.send(http.MethodPost, "/index.php?rest_route=/wp/v2/media", mp.FormDataContentType(), &form, "X-WP-Nonce", nonce[1])
	uploaded.want(t, 201, "colours.png")
	var media struct {
		Source  string `json:"source_url"`
		Details struct {
			Sizes map[string]struct {
				Source string `json:"source_url"`
				Width  int    `json:"width"`
			} `json:"sizes"`
		} `json:"media_details"`
	}
	if err := json.Unmarshal([]byte(uploaded.body), &media); err != nil {
		t.Fatal(err)
	}
	path := func(source string) string {
		u, err := url.Parse(source)
		if err != nil {
			t.Fatal(err)
		}
		return u.Path
	}
	if a := w.get(path(media.Source)); a.err != nil || a.body != string(original) {
		t.Errorf("the picture is not what was uploaded: %v, status %d, %d bytes", a.err, a.status, len(a.body))
	}
	thumbnail := media.Details.Sizes["thumbnail"]
	small, err := png.DecodeConfig(strings.NewReader(w.get(path(thumbnail.Source)).body))
	if err != nil || small.Width != 150 || thumbnail.Width != 150 {
		t.Errorf("thumbnail of %d pixels, %v; want 150, made by GD: %+v", small.Width, err, media)
	}

	w.get("/").want(t, 200, "From inside")
	// A stylesheet of the theme, which Debian's package has as a link out of the content directory.
	w.get("/wp-content/themes/twentytwentythree/style.css").want(t, 200, "Twenty Twenty-Three")

	workers := w.jpm.pool().Workers
	w.db.stop()
	w.get("/").want(t, 500, "database connection")
	w.db.start()
	eventually(t, "WordPress has its database again", func() bool { return w.get("/").status == 200 })
	w.get("/").want(t, 200, "From inside")
	for i, now := range w.jpm.pool().Workers {
		if now.Pid != workers[i].Pid {
			t.Errorf("worker %d is process %d, was %d: the database's restart cost it its life", i, now.Pid, workers[i].Pid)
		}
	}
	for _, l := range w.jpm.log.lines(0, line{"msg": "incident"}) {
		t.Logf("denied: %v", l)
	}
}

// MariaDB sees a worker's own uid at its socket, so an account can log in by it alone.
func TestMariaDBPeer(t *testing.T) {
	db := newMariaDB(t)
	db.run("create user 'games'@'localhost' identified via unix_socket", "create user 'nobody'@'localhost' identified via unix_socket")
	root := tempDir(t)
	const script = `<?php
mysqli_report(MYSQLI_REPORT_OFF);
foreach (["games", "nobody"] as $name) {
	$db = @new mysqli(null, $name, "", "", 0, $_GET["socket"]);
	echo $name, " ", $db->connect_errno ?: $db->query("select current_user()")->fetch_row()[0], "\n";
}`
	if err := os.WriteFile(filepath.Join(root, "index.php"), []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	const gamesID = 5 // Debian's account "games", of which no process runs
	j := startJPM(t, site{root: root, user: gamesID, jail: fmt.Sprintf("sockets = [%q]", db.socket)})
	n := startNginx(t, j.socket("site"), root, "")
	n.get("/index.php?socket="+db.socket).want(t, 200, "games games@localhost\nnobody 1698\n")
}
