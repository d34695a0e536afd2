package config

import (
	"path/filepath"
	"slices"
)

// Profiles are the system call profiles of jpm's own that a pool can name.
func Profiles() []string { return []string{"php", "php-exec", "generic"} }

// OwnProfile says whether Seccomp names a file and not a profile of jpm's own.
func (j *Jail) OwnProfile() bool { return filepath.IsAbs(j.Seccomp) }

// profile checks the name of a pool's system call profile. What is in a file is for the jail to judge.
func (v *validator) profile(p *Pool) {
	j, known := &p.Jail, Profiles()
	switch {
	case j.OwnProfile():
		v.path(&j.Seccomp, "seccomp", j.Seccomp)
	case !slices.Contains(known, j.Seccomp):
		hint := ""
		if like := similar(j.Seccomp, known); like != "" {
			hint = " Did you mean " + like + "?"
		}
		v.problem(&j.Seccomp, "Unknown profile", "seccomp can be %s, or the absolute path of a file with a profile, not %q.%s",
			alternatives(known), clip(j.Seccomp), hint)
	case j.Seccomp == "php-exec" && len(j.Exec) == 0:
		v.problem(&j.Seccomp, "No programs", "php-exec lets workers start the programs that exec names, and it names none: exec = [\"/usr/bin/convert\"].")
	}
}

// profiles reads the files that pools name for their profiles, each once.
func (l *loader) profiles(cfg *Config, s source) {
	texts := map[string]string{}
	for i := range cfg.Pools {
		j := &cfg.Pools[i].Jail
		if !j.OwnProfile() {
			continue
		}
		text, ok := texts[j.Seccomp]
		if !ok {
			src, err := l.files.readTrusted(j.Seccomp)
			if err != nil {
				l.diags = append(l.diags, problem(s.at(&j.Seccomp), "Cannot read the profile", "%v.", err))
				continue
			}
			text = string(src)
			texts[j.Seccomp] = text
		}
		j.Profile = text
	}
}
