package jail

import (
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"jpm/config"
	"jpm/jail/plan"
)

// What a script can reach in each network, with a service of the host's to aim at.
func TestNetworks(t *testing.T) {
	const script = `<?php
$host = @stream_socket_client("tcp://127.0.0.1:" . $_GET["port"], $e1, $s, 2);
$own = @stream_socket_server("tcp://127.0.0.1:0", $e2);
$six = @stream_socket_server("tcp://[::1]:0", $e3);
$self = $own && @stream_socket_client("tcp://" . stream_socket_get_name($own, false), $e4, $s, 2);
echo json_encode(["host" => $host !== false, "errno" => $e1, "self" => $self !== false, "six" => $six !== false,
  "localhost" => gethostbyname("localhost"), "resolv" => @file_get_contents("/etc/resolv.conf"), "hosts" => file_get_contents("/etc/hosts")]);`
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	port := strconv.Itoa(ln.Addr().(*net.TCPAddr).Port)
	hosts, err := os.ReadFile("/etc/hosts")
	if err != nil {
		t.Fatal(err)
	}
	resolv, _ := os.ReadFile("/etc/resolv.conf") // a host need not have one
	type result struct {
		Host      bool   `json:"host"`
		Errno     int    `json:"errno"`
		Self      bool   `json:"self"`
		Six       bool   `json:"six"`
		Localhost string `json:"localhost"`
		Resolv    any    `json:"resolv"`
		Hosts     string `json:"hosts"`
	}
	generated := "127.0.0.1 localhost\n::1 localhost\n"
	var resolvInHost any = string(resolv)
	if len(resolv) == 0 {
		resolvInHost = false
	}
	for network, want := range map[string]result{
		"none":     {Localhost: "127.0.0.1", Resolv: false, Hosts: generated},
		"loopback": {Errno: 111, Self: true, Six: true, Localhost: "127.0.0.1", Resolv: false, Hosts: generated},
		"host":     {Host: true, Self: true, Six: true, Localhost: "127.0.0.1", Resolv: resolvInHost, Hosts: string(hosts)},
	} {
		t.Run(network, func(t *testing.T) {
			w, dir := startPHP(t, func(p *config.Pool) { p.Jail.Network = network }, map[string]string{"index.php": script})
			var got result
			if err := json.Unmarshal([]byte(body(t, w, filepath.Join(dir, "index.php"), "port="+port)), &got); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat("/proc/net/if_inet6"); err != nil {
				got.Six = want.Six
			}
			if got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			// The check from outside tells this network from the other two.
			for _, n := range []plan.Network{plan.NoNetwork, plan.Loopback, plan.HostNetwork} {
				err := verifyNetwork("/proc/"+strconv.Itoa(w.Pid()), n)
				var v *VerifyError
				if string(n) == network && err != nil || string(n) != network && !errors.As(err, &v) {
					t.Errorf("verified as %s: %v", n, err)
				}
			}
		})
	}
}

// A loopback that stays down is noticed.
func TestLoopbackSkipped(t *testing.T) {
	h := needRoot(t)
	s := newSpawner(t, Options{skipStep: "loopback"})
	p := workerPool()
	p.Jail.Network = "loopback"
	j := compile(t, p, h)
	if err := s.AddPool(j); err != nil {
		t.Fatal(err)
	}
	w, err := s.Start(startContext(t), j, "x", nil)
	var v *VerifyError
	if !errors.As(err, &v) || v.What != "network addresses" {
		t.Errorf("Start = %v, want a VerifyError of the network addresses", err)
	}
	if err == nil {
		w.Close()
	}
}

func TestCompareAddresses(t *testing.T) {
	const lo4 = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 127.0.0.0\n        /8 host LOCAL\n     |-- 127.0.0.1\n        /32 host LOCAL\n     |-- 127.255.255.255\n        /32 link BROADCAST\n"
	const eth4 = "     |-- 10.0.0.2\n        /32 host LOCAL\n"
	const lo6 = "00000000000000000000000000000001 01 80 10 80       lo\n"
	const eth6 = "fe80000000000000581fadfffe1b9a10 02 40 20 80     eth0\n"
	for _, c := range []struct {
		v4, v6 string
		n      plan.Network
		bad    string
	}{
		{"", "", plan.NoNetwork, ""},
		{lo4, "", plan.NoNetwork, "127.0.0.1"},
		{"", lo6, plan.NoNetwork, "00000000000000000000000000000001"},
		{lo4, lo6, plan.Loopback, ""},
		{lo4, "", plan.Loopback, ""},
		{"", "", plan.Loopback, "none"},
		{lo4 + eth4, lo6, plan.Loopback, "10.0.0.2"},
		{lo4, lo6 + eth6, plan.Loopback, "fe80000000000000581fadfffe1b9a10"},
	} {
		err := compareAddresses(c.v4, c.v6, c.n)
		if (err == nil) != (c.bad == "") || err != nil && !strings.Contains(err.Error(), strconv.Quote(c.bad)) {
			t.Errorf("compareAddresses(%q, %q, %s) = %v, want %q", c.v4, c.v6, c.n, err, c.bad)
		}
	}
}
