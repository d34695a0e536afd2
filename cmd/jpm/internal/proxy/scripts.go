package proxy

import (
	"path"
	"strings"

	"jpm/config"
)

// scriptRule decides which scripts a pool's workers may be asked to run. It is lexical: the proxy can open nothing.
// What symlinks could add to that, the jail's mounts take away.
type scriptRule struct {
	root       string // empty: no rule
	extensions []string
	writable   []string
}

func newScriptRule(p *config.Pool) scriptRule {
	return scriptRule{root: p.Scripts.Root, extensions: p.Scripts.Extensions, writable: p.Jail.Write}
}

// refuse says why a script may not run; empty means it may.
func (r *scriptRule) refuse(script string) string {
	if r.root == "" {
		return ""
	}
	if script == "" {
		return "no SCRIPT_FILENAME"
	}
	if script[0] != '/' {
		return "script is not an absolute path"
	}
	if strings.IndexByte(script, 0) >= 0 {
		return "script has a NUL byte"
	}
	clean := path.Clean(script)
	if !within(clean, r.root) {
		return "script outside scripts.root"
	}
	for _, dir := range r.writable {
		if within(clean, dir) {
			return "script under a writable path"
		}
	}
	if len(r.extensions) == 0 {
		return ""
	}
	for _, ext := range r.extensions {
		if strings.HasSuffix(clean, ext) {
			return ""
		}
	}
	return "script extension not allowed"
}

// within reports whether clean lies below dir. Both are clean and absolute.
func within(clean, dir string) bool {
	if dir == "/" {
		return true
	}
	rest, ok := strings.CutPrefix(clean, dir)
	return ok && rest != "" && rest[0] == '/'
}
