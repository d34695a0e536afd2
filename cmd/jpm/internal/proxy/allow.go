package proxy

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	"go.uber.org/zap"
)

// allowed is a TCP listener that closes connections from addresses that are not on its list.
type allowed struct {
	net.Listener
	prefixes []netip.Prefix
	log      *zap.Logger
}

// allow puts the list of a listen block before ln. Unix sockets have none: their file's mode decides.
func allow(ln net.Listener, clients []string, log *zap.Logger) (net.Listener, error) {
	if _, ok := ln.(*net.TCPListener); !ok {
		return ln, nil
	}
	a := &allowed{Listener: ln, log: log}
	for _, c := range clients {
		p, err := parsePrefix(c)
		if err != nil {
			return nil, fmt.Errorf("allowed_clients: %w", err)
		}
		a.prefixes = append(a.prefixes, p)
	}
	return a, nil
}

// parsePrefix reads a network or a single address.
func parsePrefix(s string) (netip.Prefix, error) {
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		return p.Masked(), err
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(a, a.BitLen()), nil
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
