package config

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// maxSocketPath is the longest path of a unix socket: sun_path has 108 bytes, the last is NUL (unix(7)).
const maxSocketPath = 107

// Network returns the address as net.Listen takes it: "unix" and a path, or "tcp" and host:port.
func (l Listen) Network() (network, address string) {
	if path, ok := strings.CutPrefix(l.Address, "unix:"); ok {
		return "unix", path
	}
	return "tcp", strings.TrimPrefix(l.Address, "tcp:")
}

// Network returns the address as net.Listen takes it: "unix" and a path, or "tcp" and host:port. Both are empty if there is no endpoint.
func (s Status) Network() (network, address string) {
	if s.Listen == "" {
		return "", ""
	}
	if path, ok := strings.CutPrefix(s.Listen, "unix:"); ok {
		return "unix", path
	}
	return "tcp", s.Listen
}

func (v *validator) listen(p *Pool) {
	if len(p.Listen) == 0 {
		v.problem(p, "No address", "A pool needs at least one listen block: listen \"unix:/run/jpm/%s.sock\" { ... }.", clip(p.Name))
	}
	for i := range p.Listen {
		l := &p.Listen[i]
		switch {
		case strings.HasPrefix(l.Address, "unix:"):
			v.listenUnix(l)
		case strings.HasPrefix(l.Address, "tcp:"):
			v.listenTCP(l)
		default:
			hint := ""
			if filepath.IsAbs(l.Address) {
				hint = fmt.Sprintf(" Did you mean \"unix:%s\"?", clip(l.Address))
			} else if _, err := netip.ParseAddrPort(l.Address); err == nil {
				hint = fmt.Sprintf(" Did you mean \"tcp:%s\"?", l.Address)
			}
			v.problem(&l.Address, "Invalid address", "An address is \"unix:/path\" or \"tcp:address:port\".%s", hint)
		}
	}
}

func (v *validator) listenUnix(l *Listen) {
	_, path := l.Network()
	if err := checkSocketPath(path); err != nil {
		v.problem(&l.Address, "Invalid address", "listen: %v.", err)
	}
	if v.source.set[&l.AllowedClients] {
		v.problem(&l.AllowedClients, "Not for unix sockets", "Who may connect to a unix socket is decided by its owner, group and mode.")
	}
	l.UID, l.GID = v.accounts.self()
	if l.Owner != "" {
		uid, gid, ok := v.user(&l.Owner, l.Owner)
		if ok {
			l.UID, l.GID = uid, gid
		}
	}
	if l.Group != "" {
		if gid, ok := v.group(&l.Group, l.Group); ok {
			l.GID = gid
		}
	}
	v.onlyOwn(&l.Owner, &l.Group, l.UID, l.GID)
	perm, ok := octal(l.Mode)
	if !ok {
		v.problem(&l.Mode, "Invalid mode", "mode is three or four octal digits up to 0777, as in mode = \"0660\".")
		return
	}
	l.Perm = perm
}

func (v *validator) listenTCP(l *Listen) {
	_, address := l.Network()
	if _, err := parseTCP(address); err != nil {
		v.problem(&l.Address, "Invalid address", "listen: %v.", err)
	}
	for _, key := range []any{&l.Owner, &l.Group, &l.Mode} {
		if v.source.set[key] {
			v.problem(key, "Only for unix sockets", "A TCP address is no file with an owner, group and mode. Who may connect is decided by allowed_clients.")
		}
	}
	if len(l.AllowedClients) == 0 {
		v.problem(&l.AllowedClients, "No allowed_clients",
			"FastCGI has no passwords: who can connect can run any script. Say who may, as in allowed_clients = [\"127.0.0.1\"].")
	}
	l.Clients = nil
	for i := range l.AllowedClients {
		prefix, err := parseClient(l.AllowedClients[i])
		if err != nil {
			v.problem(&l.AllowedClients[i], "Invalid client", "allowed_clients: %v.", err)
			continue
		}
		l.Clients = append(l.Clients, prefix)
	}
}

// parseClient reads an address, or a network with its prefix length.
func parseClient(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(s)
	if err != nil || prefix.Addr().Is4In6() {
		return netip.Prefix{}, fmt.Errorf("%q is neither an address (\"192.0.2.7\") nor a network (\"192.0.2.0/24\")", clip(s))
	}
	if prefix.Masked() != prefix {
		return netip.Prefix{}, fmt.Errorf("%q names an address and a network: write %q or %q", s, prefix.Masked(), prefix.Addr())
	}
	return prefix, nil
}

// parseTCP reads address:port. Names are refused: what they resolve to can change between two starts.
func parseTCP(s string) (netip.AddrPort, error) {
	if port, ok := strings.CutPrefix(s, ":"); ok {
		if _, err := strconv.ParseUint(port, 10, 16); err == nil {
			return netip.AddrPort{}, fmt.Errorf("%q has no address: write \"127.0.0.1:%s\", or \"0.0.0.0:%s\" for all of this host's", s, port, port)
		}
	}
	ap, err := netip.ParseAddrPort(s)
	if err != nil || ap.Addr().Zone() != "" || ap.Addr().Is4In6() {
		return netip.AddrPort{}, fmt.Errorf("%q is not an address and a port, as in \"127.0.0.1:9000\" or \"[::1]:9000\"", clip(s))
	}
	if ap.Port() == 0 {
		return netip.AddrPort{}, errors.New("the port must be 1 to 65535")
	}
	return ap, nil
}

func checkSocketPath(path string) error {
	if strings.HasPrefix(path, "@") {
		return errors.New("an abstract socket has no owner and no mode: write \"unix:/path\"")
	}
	if err := checkPath(path); err != nil {
		return err
	}
	if path == "/" {
		return errors.New("\"/\" is a directory, not a socket")
	}
	if len(path) > maxSocketPath {
		return fmt.Errorf("the path of a unix socket has at most %d bytes, this one has %d", maxSocketPath, len(path))
	}
	return nil
}

var octalPattern = regexp.MustCompile(`^0?[0-7]{3}$`)

// octal reads permission bits.
func octal(s string) (uint32, bool) {
	if !octalPattern.MatchString(s) {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 8, 32)
	return uint32(n), err == nil
}

// bound is one address that this configuration listens on.
type bound struct {
	key  any
	what string
	tcp  netip.AddrPort
	path string
}

// uniqueAddresses refuses addresses that could not be bound because another part of the configuration has them.
func (v *validator) uniqueAddresses(c *Config) {
	var all []bound
	if network, address := c.Status.Network(); network != "" {
		b := bound{key: &c.Status.Listen, what: "status", path: address}
		var err error
		if network == "tcp" {
			b.path = ""
			b.tcp, err = parseTCP(address)
		} else {
			err = checkSocketPath(address)
		}
		if err != nil {
			v.problem(b.key, "Invalid address", "listen: %v.", err)
		} else {
			all = append(all, b)
		}
	}
	for i := range c.Pools {
		for j := range c.Pools[i].Listen {
			l := &c.Pools[i].Listen[j]
			b := bound{key: &l.Address, what: fmt.Sprintf("pool %q", clip(c.Pools[i].Name))}
			network, address := l.Network()
			if network == "unix" {
				b.path = address
			} else if b.tcp, _ = parseTCP(address); !b.tcp.IsValid() {
				continue
			}
			all = append(all, b)
		}
	}

	paths := map[string]bound{}
	ports := map[uint16][]bound{}
	for _, b := range all {
		var other bound
		var taken bool
		if b.path != "" {
			other, taken = paths[b.path]
			paths[b.path] = b
		} else {
			for _, candidate := range ports[b.tcp.Port()] {
				if collide(b.tcp.Addr(), candidate.tcp.Addr()) {
					other, taken = candidate, true
					break
				}
			}
			ports[b.tcp.Port()] = append(ports[b.tcp.Port()], b)
		}
		if taken {
			v.problem(b.key, "Address in use", "%s listens there already, at %s.", other.what, v.place(other.key))
		}
	}
}

// collide says whether both addresses cannot have the same port.
func collide(a, b netip.Addr) bool {
	return a == b || a.Is4() == b.Is4() && (a.IsUnspecified() || b.IsUnspecified())
}
