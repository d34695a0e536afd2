package jail

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// findResolver looks up what of resolverPaths is here.
func findResolver() []string {
	var all []string
	for _, p := range resolverPaths {
		if fi, err := os.Stat(p); err == nil && fi.Mode().IsRegular() {
			all = append(all, p)
		}
	}
	return all
}

// zoneName is what a time zone may be called: it becomes a line of php.ini.
var zoneName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$`)

// findTimeZone is the name of the host's time zone: what /etc/localtime leads to, or the text of /etc/timezone (localtime(5)).
func findTimeZone() string {
	var found []string
	if to, err := filepath.EvalSymlinks("/etc/localtime"); err == nil {
		if _, name, ok := strings.Cut(to, "/zoneinfo/"); ok {
			found = append(found, name)
		}
	}
	if b, err := os.ReadFile("/etc/timezone"); err == nil {
		found = append(found, strings.TrimSpace(string(b)))
	}
	for _, name := range found {
		if zoneName.MatchString(name) {
			return name
		}
	}
	return ""
}
