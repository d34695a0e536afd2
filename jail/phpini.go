package jail

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"jpm/config"
)

// phpINIDir is scanned by php-cgi after the distribution's own directories, so that what is in it wins.
const (
	phpINIDir  = "/etc/jpm/php"
	phpINIPath = phpINIDir + "/jpm.ini"
)

// isPHP says whether the pool's program is php-cgi, under one of its names (php-cgi8.2).
func isPHP(p config.Pool) bool {
	return len(p.Command) > 0 && strings.HasPrefix(path.Base(p.Command[0]), "php-cgi")
}

type ini struct {
	text string
	mdwe bool
}

// phpINI writes the jail's php.ini: what the jail needs, then the pool's settings, then the locked ones.
//
// A locked setting stands twice. In the main part it holds for settings that PHP reads once, at its start (disable_functions). In a
// [PATH=] section it holds for scripts below that directory and no ini_set, .htaccess or .user.ini can change it.
func phpINI(p config.Pool, h *Host) (ini, error) {
	out := ini{mdwe: h.MDWE.On && !usesJIT(p.PHP)}
	lines := [][2]string{
		{"session.save_path", "/tmp"},
		// Debian leaves old sessions to a cron job, which does not see this /tmp.
		{"session.gc_probability", "1"},
		{"session.gc_divisor", "1000"},
		{"sys_temp_dir", "/tmp"},
		{"upload_tmp_dir", "/tmp"},
		// A file that the site's code can write must not set PHP up.
		{"user_ini.filename", ""},
	}
	if h.TimeZone != "" {
		lines = append(lines, [2]string{"date.timezone", h.TimeZone}) // PHP does not look at /etc/localtime
	}
	var b strings.Builder
	b.WriteString("; written by jpm\n")
	for _, l := range lines {
		fmt.Fprintf(&b, "%s = %q\n", l[0], l[1])
	}
	section := func(name string, set map[string]string) error {
		for _, k := range slices.Sorted(maps.Keys(set)) {
			v, err := iniValue(k, set[k])
			if err != nil {
				return fmt.Errorf("%s %s: %w", name, k, err)
			}
			fmt.Fprintf(&b, "%s = %s\n", k, v)
		}
		return nil
	}
	if err := section("php.ini", p.PHP.INI); err != nil {
		return out, err
	}
	if len(p.PHP.LockedINI) > 0 {
		root := path.Clean(p.Scripts.Root)
		if p.Scripts.Root == "" || root == "/" {
			return out, fmt.Errorf("php.locked_ini: needs scripts.root, a directory other than /")
		}
		if strings.ContainsAny(root, "]\"'$\n;") {
			return out, fmt.Errorf("scripts.root %s: php.ini cannot name such a path", root)
		}
		if err := section("php.locked_ini", p.PHP.LockedINI); err != nil {
			return out, err
		}
		fmt.Fprintf(&b, "[PATH=%s]\n", root)
		if err := section("php.locked_ini", p.PHP.LockedINI); err != nil {
			return out, err
		}
	}
	out.text = b.String()
	return out, nil
}

// usesJIT says whether PHP will want memory that was writable to become executable. PHP does by default: it compiles regular
// expressions, and with that turned off DokuWiki takes twice the time to render a page. So the protection is for pools that
// say pcre.jit = 0; with it on PHP would complain and go on without its compiler.
func usesJIT(p config.PHP) bool {
	set := func(name, byDefault string) bool {
		v := byDefault
		for _, m := range []map[string]string{p.INI, p.LockedINI} {
			if s, ok := m[name]; ok {
				v = s
			}
		}
		return on(v)
	}
	return set("pcre.jit", "1") || set("opcache.jit_buffer_size", "0")
}

// on reads a PHP setting that is a switch or a size.
func on(v string) bool {
	switch strings.ToLower(strings.TrimSpace(v)) {
	case "", "0", "off", "no", "false", "none", "disable":
		return false
	}
	return true
}

var (
	iniName     = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)
	errorLevels = regexp.MustCompile(`^[A-Z0-9_ &|~^!()-]+$`)
)

// iniValue quotes a value for php.ini. Quoted it is taken as it stands, except that error levels must stay an expression.
func iniValue(key, v string) (string, error) {
	switch {
	case !iniName.MatchString(key):
		return "", fmt.Errorf("not the name of a setting")
	case strings.ContainsAny(v, "\x00\r\n"):
		return "", fmt.Errorf("value has a line break or NUL")
	case key == "error_reporting" && errorLevels.MatchString(v):
		return v, nil
	case !strings.Contains(v, "'"):
		return "'" + v + "'", nil // nothing is special between single quotes
	case !strings.ContainsAny(v, "\"\\$"):
		return `"` + v + `"`, nil
	default:
		return "", fmt.Errorf("value has both kinds of quotes, or ' beside $ or \\: php.ini cannot hold it")
	}
}
