package config

import "strings"

// notSupported heads the refusal of what is designed but not built.
const notSupported = "Not supported by this version"

// notYet names the settings, and the words of known settings ("path=word"), that are agreed on and not built yet.
// They are errors, never ignored: a limit that is written down and not enforced is worse than none. The reference lists them.
var notYet = []refusal{
	{"control", "The control socket comes with the commands that need it, later"},

	{"pool.workers.mode=dynamic", "Only static pools exist yet: write mode = \"static\""},
	{"pool.workers.mode=ondemand", "Only static pools exist yet: write mode = \"static\""},
	{"pool.workers.min_idle", "It belongs to dynamic pools; only static pools exist yet, with always max workers"},
	{"pool.workers.max_idle", "It belongs to dynamic pools; only static pools exist yet, with always max workers"},
	{"pool.workers.idle_timeout", "It belongs to ondemand pools; only static pools exist yet, with always max workers"},
	{"pool.workers.start", "It belongs to dynamic pools; only static pools exist yet, with always max workers"},
	{"pool.workers.warm", "Warming of workers comes later"},
	{"pool.workers.max_age", "Replacement by age comes later; max_requests replaces workers by count"},

	{"pool.queue.per_client", "Shares of the queue by client come later"},
	{"pool.request.slow", "The log of slow requests comes later"},
	{"pool.request.idle_timeout", "A limit on silence comes later; timeout bounds the whole request"},

	{"pool.jail.apparmor", "AppArmor profiles come later"},
	{"pool.jail.selinux", "SELinux labels come later"},
	{"pool.jail.scope", "Jails with several workers come later; every worker has its own"},

	{"status.fpm_path", "The status page in php-fpm's format comes later; /status.json and /metrics are served"},
	{"status.ping_path", "The ping page comes later; /status.json answers while jpm works"},
}

// refusal is one thing that is not built yet.
type refusal struct{ path, why string }

// written is the path as a person would write it: pool.jail.network = "host".
func (r refusal) written() string {
	path, word, ok := strings.Cut(r.path, "=")
	if !ok {
		return path
	}
	return path + " = \"" + word + "\""
}

// later says why the setting name in path is not supported yet, "" if it is not one of those.
func later(path, name string) string {
	return laterPath(join(path, name))
}

// laterWord says why word cannot be the value of the setting at path yet, "" if it is not one of those.
func laterWord(path, word string) string {
	return laterPath(path + "=" + word)
}

func laterPath(path string) string {
	for _, l := range notYet {
		if l.path == path {
			return l.why
		}
	}
	return ""
}
