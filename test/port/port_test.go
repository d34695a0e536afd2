package port

import (
	"fmt"
	"net"
	"testing"
)

// TestHold: a held port is given to nobody else, can be listened on, and is free afterwards.
func TestHold(t *testing.T) {
	const many = 200
	seen := map[int]bool{}
	for range many {
		port, release, err := Hold()
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		if seen[port] {
			t.Errorf("port %d twice", port)
		}
		seen[port] = true
	}
	for port := range seen {
		address := fmt.Sprintf("127.0.0.1:%d", port)
		ln, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if from := c.LocalAddr().(*net.TCPAddr).Port; seen[from] {
			t.Errorf("port %d is held, and a client's", from)
		}
		_ = c.Close()
		_ = ln.Close()
	}
}

// TestRelease: what is released can be bound by those who do not share.
func TestRelease(t *testing.T) {
	port, release, err := Hold()
	if err != nil {
		t.Fatal(err)
	}
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if c, err := d.Dial("tcp", ln.Addr().String()); err == nil {
		_ = c.Close()
		t.Errorf("port %d is held, and somebody else's", port)
	}
	release()
	c, err := d.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
}
