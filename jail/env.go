package jail

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"jpm/config"
)

// reservedEnv are variables that jpm decides, each with the reason.
var reservedEnv = map[string]string{
	"PHP_FCGI_CHILDREN":     "php-cgi would fork; workers.max says how many workers there are",
	"PHP_FCGI_MAX_REQUESTS": "workers.max_requests counts",
	"PHP_INI_SCAN_DIR":      "the jail's own settings are found by it; use php.ini",
	"FCGI_WEB_SERVER_ADDRS": "workers have no network",
}

// environment is the worker's whole environment, sorted: the defaults and the pool's own.
func environment(p config.Pool) ([]string, error) {
	env := map[string]string{
		"PATH":   "/usr/local/bin:/usr/bin:/bin",
		"HOME":   "/tmp", // the only place the worker can surely write to
		"TMPDIR": "/tmp",
		"USER":   accountName(p),
	}
	if isPHP(p) {
		// 0 is endless; without it php-cgi ends after 500 requests.
		env["PHP_FCGI_MAX_REQUESTS"] = "0"
		// The empty first element is the directory built into PHP.
		env["PHP_INI_SCAN_DIR"] = ":" + phpINIDir
	}
	for k, v := range p.Env {
		if why, no := reservedEnv[k]; no {
			return nil, fmt.Errorf("env %s: not for the configuration to set: %s", k, why)
		}
		if k == "" || strings.ContainsAny(k, "=\x00") || strings.Contains(v, "\x00") {
			return nil, fmt.Errorf("env %q: not a name and value that an environment can hold", k)
		}
		env[k] = v
	}
	var list []string
	for _, k := range slices.Sorted(maps.Keys(env)) {
		list = append(list, k+"="+env[k])
	}
	return list, nil
}
