package probes

import "strconv"

// D: the network, and mail.
var network = append([]Probe{
	php("D01", "connect to a service of the machine by TCP", "tcp-local", AsUser, offline),
	native("D02", "the same in a native program", "dial:$TCP", AsUser, offline),
	native("D03", "the same by IPv6", "dial:$TCP6", AsUser, offline).absent("nothing", "EADDRNOTAVAIL", "ECONNREFUSED", "ENETUNREACH"),
	php("D04", "send a DNS query", "udp-dns", AsUser, offline),
	php("D05", "send mail", "mail", AsUser, noProgram),
	php("D06", "send mail with a library of its own, LD_PRELOAD", "preload-library", AsUser, noProgram),
	native("D08", "open a raw socket", "socket-raw", AsRoot, refused),
	native("D09", "open a ping socket", "ping", AsUser, refused).absent("EACCES"),
	native("D10", "open an SCTP socket", "sctp", AsUser, refused).absent("EPROTONOSUPPORT", "ESOCKTNOSUPPORT"),
	native("D11", "open an MPTCP socket", "mptcp", AsUser, refused).absent("EPROTONOSUPPORT", "ENOPROTOOPT"),
	outside("D12", "have a network interface or a route", "network", AsUser, Stops{Nothing: Network}),
	native("D13", "read the routes in /proc/net", "peek:/proc/net/route", AsUser, hidden),
	native("D14", "list the network devices in /sys", "list:/sys/class/net", AsUser, gone),
	native("D20", "layer TLS in the kernel on a socket, TCP_ULP", "option:ulp", AsUser, refused).reached("ENOTCONN", "ENOENT").loopback(),
	native("D21", "encapsulate IPsec in UDP", "option:udp-encap", AsUser, refused).absent("ENOPROTOOPT").loopback(),
	native("D22", "change the packet filter's tables", "option:iptables", InNamespaces, refused).reached("EINVAL", "EFAULT").absent("ENOPROTOOPT").loopback(),
	native("D23", "attach a packet filter program", "option:filter", AsUser, refused).loopback(),
	native("D24", "bind a socket to a device", "option:bind-device", AsUser, refused).loopback(),
	native("D25", "put a TCP socket into repair mode", "option:repair", InNamespaces, refused).loopback(),
	native("D26", "set IP options", "option:ip-options", AsUser, refused).loopback(),
	native("D27", "mark packets", "option:mark", InNamespaces, refused).loopback(),
	native("D28", "load a congestion control", "option:congestion", AsUser, refused).absent("ENOENT").loopback(),
	native("D29", "sign TCP segments", "option:md5", AsUser, refused).reached("EINVAL").absent("ENOPROTOOPT").loopback(),
	native("D30", "share a port, SO_REUSEPORT", "option:reuse-port", AsUser, refused).loopback(),
	native("D31", "time-stamp packets", "option:timestamp", AsUser, refused).loopback(),
	native("D32", "send without copying", "option:zerocopy", AsUser, Stops{"EPERM": Seccomp, "ENOBUFS": Limits}).loopback(),
}, append(families(), netlinks()...)...)

// families are sockets of every address family but the three a site may have. They are only opened.
func families() []Probe {
	var all []Probe
	for i, f := range []struct {
		number int
		name   string
		bare   Bare
	}{
		{3, "AX25", AsRoot}, {4, "IPX", AsUser}, {5, "APPLETALK", AsUser}, {6, "NETROM", AsUser}, {8, "ATMPVC", AsUser}, {9, "X25", AsUser},
		{11, "ROSE", AsUser}, {15, "KEY", AsRoot}, {17, "PACKET", AsRoot}, {20, "ATMSVC", AsUser}, {21, "RDS", AsUser}, {23, "IRDA", AsUser},
		{24, "PPPOX", AsUser}, {26, "LLC", AsRoot}, {27, "IB", AsUser}, {29, "CAN", AsUser}, {30, "TIPC", AsUser}, {31, "BLUETOOTH", AsUser},
		{33, "RXRPC", AsUser}, {34, "ISDN", AsUser}, {35, "PHONET", AsUser}, {36, "IEEE802154", AsUser}, {37, "CAIF", AsUser}, {38, "ALG", AsUser},
		{39, "NFC", AsUser}, {40, "VSOCK", AsUser}, {41, "KCM", AsUser}, {42, "QIPCRTR", AsUser}, {43, "SMC", AsUser}, {44, "XDP", AsRoot},
		{45, "MCTP", AsUser},
	} {
		p := native("D"+strconv.Itoa(40+i), "open a socket of family "+f.name, "family:"+strconv.Itoa(f.number), f.bare, noFamily)
		all = append(all, p.absent("EAFNOSUPPORT", "ESOCKTNOSUPPORT", "EPROTONOSUPPORT"))
	}
	return all
}

// netlinks are the doors to the kernel's own networking.
func netlinks() []Probe {
	var all []Probe
	for i, f := range []struct {
		number int
		name   string
	}{{0, "ROUTE"}, {4, "SOCK_DIAG"}, {6, "XFRM"}, {9, "AUDIT"}, {12, "NETFILTER"}, {15, "KOBJECT_UEVENT"}, {16, "GENERIC"}, {21, "CRYPTO"}} {
		p := native("D"+strconv.Itoa(80+i), "talk netlink "+f.name, "netlink:"+strconv.Itoa(f.number), AsUser, noFamily)
		all = append(all, p.absent("EPROTONOSUPPORT"))
	}
	return all
}
