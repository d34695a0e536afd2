package proxy

import (
	"net"
	"net/netip"
	"testing"

	"go.uber.org/zap"
)

func TestAllowed(t *testing.T) {
	ln, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	a := allow(ln, []netip.Prefix{
		netip.MustParsePrefix("10.0.0.7/8"), netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("2001:db8::/33"),
	}, zap.NewNop()).(*allowed)
	for addr, want := range map[string]bool{
		"10.255.0.1": true, "192.0.2.1": true, "192.0.2.2": false, "127.0.0.1": false,
		"2001:db8:1::1": true, "2001:db8:8000::1": false, "::ffff:10.1.2.3": true, "::1": false,
	} {
		if got := a.contains(&net.TCPAddr{IP: net.ParseIP(addr)}); got != want {
			t.Errorf("contains(%s) = %v, want %v", addr, got, want)
		}
	}
}

// A client that is not on the list is closed, and the next one still gets in.
func TestAllowedAccept(t *testing.T) {
	ln, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	a := allow(ln, []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}, zap.NewNop())
	refused, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer refused.Close()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	welcome, err := d.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer welcome.Close()
	c, err := a.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got, want := c.RemoteAddr().String(), welcome.LocalAddr().String(); got != want {
		t.Errorf("accepted %s, want %s", got, want)
	}
	if n, err := refused.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("refused client reads %d, %v, want the end", n, err)
	}
}
