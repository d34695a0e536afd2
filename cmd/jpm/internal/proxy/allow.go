package proxy

import (
	"net"
	"net/netip"

	"go.uber.org/zap"
)

// allowed is a TCP listener that closes connections from addresses that are not on its list.
type allowed struct {
	net.Listener
	prefixes []netip.Prefix
	log      *zap.Logger
}

// allow puts the list of a listen block before ln. Unix sockets have none: their file's mode decides.
func allow(ln net.Listener, clients []netip.Prefix, log *zap.Logger) net.Listener {
	if _, ok := ln.(*net.TCPListener); !ok {
		return ln
	}
	return &allowed{Listener: ln, prefixes: clients, log: log}
}

// Accept implements net.Listener.
func (a *allowed) Accept() (net.Conn, error) {
	for {
		c, err := a.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if a.contains(c.RemoteAddr()) {
			return c, nil
		}
		a.log.Warn("client not allowed", zap.Stringer("client", c.RemoteAddr()))
		c.Close()
	}
}

func (a *allowed) contains(addr net.Addr) bool {
	ta, ok := addr.(*net.TCPAddr)
	if !ok {
		return false
	}
	ip, ok := netip.AddrFromSlice(ta.IP)
	if !ok {
		return false
	}
	ip = ip.Unmap()
	for _, p := range a.prefixes {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}
