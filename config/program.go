package config

import (
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"unicode"
)

// PHPCGI says whether the pool's program is php-cgi, by its name ("php-cgi", "php-cgi8.2"): the one the php block is for.
func (p *Pool) PHPCGI() bool {
	return len(p.Command) > 0 && strings.HasPrefix(filepath.Base(p.Command[0]), "php-cgi")
}

// runtimeDirs are what every jail has, read-only and executable.
var runtimeDirs = []string{"/usr", "/bin", "/sbin", "/lib", "/lib64"}

func withinAny(path string, dirs ...[]string) bool {
	for _, list := range dirs {
		if slices.ContainsFunc(list, func(dir string) bool { return within(path, dir) }) {
			return true
		}
	}
	return false
}

func (v *validator) command(p *Pool) {
	if len(p.Command) == 0 {
		v.problem(&p.Command, "No program", "command names the program and its arguments, as in command = [\"/usr/bin/php-cgi\"].")
		return
	}
	for i := range p.Command {
		if strings.ContainsRune(p.Command[i], 0) {
			v.problem(&p.Command[i], "Invalid argument", "An argument cannot hold a NUL character.")
			return
		}
	}
	program := p.Command[0]
	if !v.path(&p.Command[0], "command", program) {
		return
	}
	if !withinAny(program, runtimeDirs, p.Jail.Exec) {
		v.problem(&p.Command[0], "Program outside the jail", "%s is not in the runtime (/usr). Let the jail have it: exec = [%q].", clip(program), clip(program))
	}
}

var (
	envName  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	iniKey   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)
	scriptEx = regexp.MustCompile(`^\.[A-Za-z0-9][A-Za-z0-9._-]*$`)
)

// ownEnv are the variables that jpm's own settings stand for. Php-cgi would fork by the first, end at the count of the second,
// refuse connections by the third and miss the pool's settings by the fourth.
var ownEnv = map[string]string{
	"PHP_FCGI_CHILDREN":     "workers.max says how many workers there are",
	"PHP_FCGI_MAX_REQUESTS": "workers.max_requests says when a worker is replaced",
	"FCGI_WEB_SERVER_ADDRS": "allowed_clients says who may connect",
	"PHP_INI_SCAN_DIR":      "php.ini and php.locked_ini hold the settings",
}

func (v *validator) env(p *Pool) {
	for _, name := range sortedKeys(p.Env) {
		key := entry{&p.Env, name}
		if !envName.MatchString(name) {
			v.problem(key, "Invalid variable", "%q is not a name of letters, digits and \"_\".", clip(name))
		}
		if why, ok := ownEnv[name]; ok {
			v.problem(key, "Variable of jpm's own", "jpm sets %s itself: %s.", name, why)
		}
		if strings.ContainsRune(p.Env[name], 0) {
			v.problem(key, "Invalid variable", "A variable cannot hold a NUL character.")
		}
	}
}

// scripts checks the rule by which requests name scripts.
func (v *validator) scripts(p *Pool) {
	s := &p.Scripts
	for i, ext := range s.Extensions {
		if !scriptEx.MatchString(ext) {
			v.problem(&s.Extensions[i], "Invalid extension", "%q is not an ending like \".php\".", clip(ext))
		}
	}
	if s.Root == "" {
		if p.PHPCGI() {
			v.problem(&s.Root, "No scripts.root", "php-cgi runs any file that a request names. Say where the scripts are: scripts { root = \"/srv/...\" }.")
		}
		return
	}
	if !v.path(&s.Root, "root", s.Root) {
		return
	}
	// The root becomes the head of a section in php.ini, [PATH=...].
	if strings.ContainsAny(s.Root, "[]\"'`$;\\") {
		v.problem(&s.Root, "Invalid path", "root cannot hold brackets, quotes, \"$\", \";\" or a backslash: php.ini could not name it.")
	}
	for _, dir := range p.Jail.Write {
		if within(s.Root, dir) {
			v.problem(&s.Root, "No script could run",
				"The workers may write %s, and nothing that they may write can be a script. Let write name the directories of data below the root only.", clip(dir))
			return
		}
	}
	if !withinAny(s.Root, runtimeDirs, p.Jail.Read, p.Jail.Exec) {
		v.problem(&s.Root, "Scripts outside the jail", "The workers cannot see %s. Let the jail have it: read = [%q].", clip(s.Root), clip(s.Root))
	}
}

// php checks the php.ini settings. What they mean is PHP's to say; here they are kept to one line each.
func (v *validator) php(p *Pool) {
	if v.source.set[&p.PHP] && !p.PHPCGI() {
		v.problem(&p.PHP, "Not PHP", "A php block is for php-cgi; command names another program.")
		return
	}
	for _, list := range []struct {
		name string
		m    *map[string]string
	}{{"ini", &p.PHP.INI}, {"locked_ini", &p.PHP.LockedINI}} {
		for _, name := range sortedKeys(*list.m) {
			key := entry{list.m, name}
			if !iniKey.MatchString(name) {
				v.problem(key, "Invalid setting", "%q is not a name of a php.ini setting.", clip(name))
			}
			value := (*list.m)[name]
			if strings.ContainsFunc(value, unicode.IsControl) {
				v.problem(key, "Invalid setting", "A php.ini value has one line and no control characters.")
			}
			// Single quotes keep everything but themselves, double quotes do not keep these.
			if strings.Contains(value, "'") && strings.ContainsAny(value, "\"\\$") {
				v.problem(key, "Invalid setting", "A php.ini value with a single quote cannot hold a double quote, a backslash or \"$\" as well.")
			}
			if _, both := p.PHP.INI[name]; both && list.name == "locked_ini" {
				v.problem(key, "Setting given twice", "%s is in ini too. Lock it or leave it open, not both.", clip(name))
			}
		}
	}
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
