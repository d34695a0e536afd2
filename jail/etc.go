package jail

import (
	"fmt"

	"jpm/config"
	"jpm/jail/plan"
)

// addEtc adds the generated accounts. The host's own files would show every account of the machine.
func (t *tree) addEtc(p config.Pool) {
	user := accountName(p)
	for _, f := range []struct{ path, data string }{
		{"/etc/passwd", fmt.Sprintf("root:x:0:0:root:/:/usr/sbin/nologin\n%s:x:%d:%d:%s:/tmp:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n", user, p.UID, p.GID, p.Name)},
		{"/etc/group", fmt.Sprintf("root:x:0:\n%s:x:%d:\nnogroup:x:65534:\n", user, p.GID)},
	} {
		t.add(plan.Entry{Kind: plan.File, Path: f.path, Mode: 0o444, Data: f.data, Origin: "the jail's " + f.path})
	}
}

// accountName is the worker's account inside: the configured name, or the pool's where only a number or a name that would
// break passwd(5) was given.
func accountName(p config.Pool) string {
	for i, r := range p.User {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || (r != '-' && r != '.' && (r < '0' || r > '9'))) {
			return "worker"
		}
	}
	if p.User == "" || p.User == "root" || p.User == "nobody" {
		return "worker"
	}
	return p.User
}
