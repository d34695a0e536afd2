package config

import "strings"

// closedSockets are sockets whose other end does as root whatever it is told.
var closedSockets = []string{
	"/run/docker.sock", "/run/containerd", "/run/crio", "/run/podman", "/run/libvirt", "/run/lxd", "/run/incus",
	"/run/systemd", "/run/dbus", "/run/snapd.socket", "/run/snapd-snap.socket", "/run/udev",
}

// realRun writes a path below /var/run, the link that every distribution has, as what it is.
func realRun(path string) string {
	if within(path, "/var/run") {
		return "/run" + strings.TrimPrefix(path, "/var/run")
	}
	return path
}

// sockets checks the services' sockets that a pool's workers may connect to.
func (v *validator) sockets(c *Config, j *Jail) {
	ours := map[string]any{}
	if network, path := c.Status.Network(); network == "unix" {
		ours[realRun(path)] = &c.Status.Listen
	}
	for i := range c.Pools {
		for k := range c.Pools[i].Listen {
			l := &c.Pools[i].Listen[k]
			if network, path := l.Network(); network == "unix" {
				ours[realRun(path)] = &l.Address
			}
		}
	}
	first := map[string]bool{}
	for i := range j.Sockets {
		key, path := &j.Sockets[i], j.Sockets[i]
		if err := checkSocketPath(path); err != nil {
			v.problem(key, "Invalid path", "sockets: %v.", err)
			continue
		}
		path = realRun(path)
		switch key2, own := ours[path]; {
		case own:
			v.problem(key, "Socket that opens the jail",
				"jpm itself listens on %s, at %s: who can connect there can run any script of that pool.", clip(path), v.place(key2))
		case withinAny(path, []string{"/run/jpm", "/proc", "/sys", "/dev"}):
			v.problem(key, "Socket that opens the jail", "sockets cannot name %s: the jail has its own, and the host's would open it.", clip(path))
		case withinAny(path, closedSockets):
			v.problem(key, "Socket that opens the jail", "Who can connect to %s can become root.", clip(path))
		case withinAny(path, []string{"/tmp", "/var/tmp"}):
			v.problem(key, "Socket in /tmp", "Every pool has a /tmp of its own, which would hide %s. Let the service put it elsewhere, in /run for example.", clip(path))
		case withinAny(path, runtimeDirs, j.Read, j.Exec):
			v.problem(key, "Socket in the jail already",
				"%s lies in a path that the jail has. A socket in a path of read can be connected to without being named here.", clip(path))
		case first[path]:
			v.problem(key, "Socket given twice", "%s is in sockets already.", clip(path))
		}
		first[path] = true
	}
}
