package proxy

import (
	"net/netip"
	"testing"
)

func TestContains(t *testing.T) {
	list := []netip.Prefix{
		netip.MustParsePrefix("10.0.0.7/8"), netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("2001:db8::/33"),
	}
	for addr, want := range map[string]bool{
		"10.255.0.1": true, "192.0.2.1": true, "192.0.2.2": false, "127.0.0.1": false,
		"2001:db8:1::1": true, "2001:db8:8000::1": false, "::1": false,
	} {
		if got := contains(list, netip.MustParseAddr(addr)); got != want {
			t.Errorf("contains(%s) = %v, want %v", addr, got, want)
		}
	}
	if contains(list, netip.Addr{}) {
		t.Error("an address that is none is contained")
	}
}
