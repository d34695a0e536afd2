package proxy

import (
	"net"
	"testing"

	"go.uber.org/zap"
)

func TestAllowed(t *testing.T) {
	ln, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	got, err := allow(ln, []string{"10.0.0.7/8", "192.0.2.1", "2001:db8::/33"}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	a := got.(*allowed)
	for addr, want := range map[string]bool{
		"10.255.0.1": true, "192.0.2.1": true, "192.0.2.2": false, "127.0.0.1": false,
		"2001:db8:1::1": true, "2001:db8:8000::1": false, "::ffff:10.1.2.3": true, "::1": false,
	} {
		if got := a.contains(&net.TCPAddr{IP: net.ParseIP(addr)}); got != want {
			t.Errorf("contains(%s) = %v, want %v", addr, got, want)
		}
	}
	if _, err := allow(ln, []string{"localhost"}, zap.NewNop()); err == nil {
		t.Error("a name was taken for an address")
	}
}

// A client that is not on the list is closed, and the next one still gets in.
func TestAllowedAccept(t *testing.T) {
	ln, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	a, err := allow(ln, []string{"127.0.0.2"}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
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
