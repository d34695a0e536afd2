package main

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed pages
var pages embed.FS

// The sites that Server.Site names besides the zero value, which is pages/ with Debian's php.ini.
const (
	// uploads is pages/ with php.ini settings that let 10 MiB in; files go to a tmpfs on both sides.
	uploads = "uploads"
	// dokuwiki is Debian's package with a start page and settings of the quickstart.
	dokuwiki = "dokuwiki"
	// wordpress is Debian's package with a MariaDB of its own.
	wordpress = "wordpress"
)

// site is PHP files and what a server needs to serve them.
type site struct {
	// root is the document root, and probe the path in it that answers as pages/probe.php does.
	root, probe string
	// ini is php.ini settings, over Debian's.
	ini map[string]string
	// read is other paths that the scripts read, and write those they change.
	read, write []string
	// sockets is the unix sockets of services that the scripts use, and database the one that runs for this site alone; nil for none.
	sockets  []string
	database *service
}

// stop ends what runs for the site alone.
func (st site) stop() error {
	if st.database == nil {
		return nil
	}
	return st.database.stop()
}

// makeSite puts the files of the site that name stands for in dir. Its scripts run as uid.
func makeSite(name, dir string, uid int) (site, error) {
	sub, err := fs.Sub(pages, "pages")
	if err != nil {
		return site{}, err
	}
	www := filepath.Join(dir, "www")
	if err := os.CopyFS(www, sub); err != nil {
		return site{}, err
	}
	switch name {
	case "":
		return site{root: www, probe: "probe.php"}, nil
	case uploads:
		return site{root: www, probe: "probe.php", ini: map[string]string{"post_max_size": "16M", "upload_max_filesize": "16M"}}, nil
	case dokuwiki:
		return makeDokuWiki(filepath.Join(dir, "wiki"), filepath.Join(www, "probe.php"), uid)
	case wordpress:
		return makeWordPress(dir, filepath.Join(www, "probe.php"), uid)
	}
	return site{}, fmt.Errorf("make site %q: there is none", name)
}

// Where the quickstart has DokuWiki's configuration, and where that thinks it is.
const (
	quickstartWiki = "examples/quickstart/wiki"
	quickstartHome = "/var/lib/jpm-quickstart/wiki"
	dokuwikiRoot   = "/usr/share/dokuwiki"
)

// dokuwikiDirs is the directories that DokuWiki has to be given.
var dokuwikiDirs = []string{"attic", "cache", "index", "locks", "log", "media", "media_attic", "media_meta", "meta", "pages", "tmp", "sessions"}

// makeDokuWiki makes an instance as the quickstart does, with its own configuration and pages in home. Sessions, one for each request of a client
// without cookies, go there too.
func makeDokuWiki(home, probe string, uid int) (site, error) {
	if _, err := os.Stat(dokuwikiRoot); err != nil {
		return site{}, fmt.Errorf("find DokuWiki (Debian's dokuwiki, see test/bench/setup): %w", err)
	}
	conf, data := filepath.Join(home, "conf"), filepath.Join(home, "data")
	if err := os.MkdirAll(conf, 0o755); err != nil {
		return site{}, err
	}
	files, err := filepath.Glob(quickstartWiki + "/*")
	if err != nil || len(files) == 0 {
		return site{}, fmt.Errorf("read %s: no files (%v)", quickstartWiki, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return site{}, err
		}
		mine := strings.ReplaceAll(string(text), quickstartHome, home)
		if filepath.Base(file) == "prepend.php" {
			mine += "if (isset($_GET['probe'])) {\n    require " + phpString(filepath.Join(conf, "probe.php")) + ";\n    exit;\n}\n"
		}
		if err := os.WriteFile(filepath.Join(conf, filepath.Base(file)), []byte(mine), 0o644); err != nil {
			return site{}, err
		}
	}
	if err := os.Rename(probe, filepath.Join(conf, "probe.php")); err != nil {
		return site{}, err
	}
	for _, name := range append([]string{"."}, dokuwikiDirs...) {
		dir := filepath.Join(data, name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return site{}, err
		}
		if err := os.Chown(dir, uid, uid); err != nil {
			return site{}, err
		}
	}
	start := filepath.Join(data, "pages", "start.txt")
	if err := os.Rename(filepath.Join(conf, "start.txt"), start); err != nil {
		return site{}, err
	}
	if err := os.Chown(start, uid, uid); err != nil {
		return site{}, err
	}
	return site{
		root:  dokuwikiRoot,
		probe: "doku.php?probe",
		ini:   map[string]string{"auto_prepend_file": filepath.Join(conf, "prepend.php"), "session.save_path": filepath.Join(data, "sessions")},
		read:  []string{"/etc/dokuwiki", "/var/lib/dokuwiki/lib", conf},
		write: []string{data},
	}, nil
}

// phpString is s as a string in PHP.
func phpString(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// settings is ini as lines, sorted, each made by format from its name and value.
func settings(ini map[string]string, format string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(ini)) {
		fmt.Fprintf(&b, format, name, ini[name])
	}
	return b.String()
}
