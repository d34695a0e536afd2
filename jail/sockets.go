package jail

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"jpm/config"
	"jpm/jail/plan"
)

// socketDir is where a jail has the sockets of services, each under its number. Links lead there from the paths that programs know:
// a mount over a service's own directory would hide what else the jail has in it.
const socketDir = "/run/jpm/sockets"

func socketLines(j *Jail) []Line {
	var all []Line
	for _, path := range j.sockets {
		all = append(all, enforced(path+": alone, and there again when the service makes it anew"))
	}
	return all
}

// addSockets adds the sockets of services and returns their paths.
func (t *tree) addSockets(j config.Jail) ([]string, error) {
	if len(j.Sockets) == 0 {
		return nil, nil
	}
	var all []string
	for i, s := range j.Sockets {
		origin := "jail.sockets " + s
		if !path.IsAbs(s) {
			return nil, fmt.Errorf("%s: want an absolute path", origin)
		}
		c := path.Clean(s)
		if within("/var/run", c) { // a link, in the jail as on every host
			c = "/run" + strings.TrimPrefix(c, "/var/run")
		}
		for _, n := range t.nodes {
			if n.Kind == plan.Bind && within(n.Path, c) {
				return nil, fmt.Errorf("%s: lies in %s, which the jail has as %s", origin, n.Path, n.Origin)
			}
		}
		all = append(all, c)
		t.add(plan.Entry{Kind: plan.Link, Path: c, Data: socketDir + "/" + strconv.Itoa(i), Origin: origin})
	}
	t.add(plan.Entry{Kind: plan.Bind, Path: socketDir, Wants: plan.PoolSockets, Recursive: true, Origin: "jail.sockets",
		Flags: plan.ReadOnly | plan.NoSuid | plan.NoDev | plan.NoExec})
	return all, nil
}
