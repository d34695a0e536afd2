package jail

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// shapes are the arguments worth showing of the calls that workers are denied, in the order of the call: name, kind, blank. A "-" is
// left out. A call that is not here shows its first three as numbers.
var shapes = map[string]string{
	"execve": "path:text", "execveat": "dir:fd path:text",
	"clone": "flags:clone", "clone3": "", "fork": "", "vfork": "", "setsid": "",
	"kill": "pid:int sig:signal", "tkill": "tid:int sig:signal", "tgkill": "pid:int tid:int sig:signal",
	"rt_sigqueueinfo": "pid:int sig:signal", "rt_tgsigqueueinfo": "pid:int tid:int sig:signal",
	"pidfd_open": "pid:int", "pidfd_send_signal": "pidfd:fd sig:signal",
	"setpgid": "pid:int pgid:int", "setpriority": "which:int who:int priority:int",
	"setuid": "uid:int", "setgid": "gid:int", "setreuid": "ruid:int euid:int", "setregid": "rgid:int egid:int",
	"setresuid": "ruid:int euid:int suid:int", "setresgid": "rgid:int egid:int sgid:int", "setgroups": "count:int",
	"chown": "path:text uid:int gid:int", "lchown": "path:text uid:int gid:int", "fchown": "fd:fd uid:int gid:int",
	"fchownat": "dir:fd path:text uid:int gid:int",
	"chmod":    "path:text mode:octal", "fchmod": "fd:fd mode:octal", "fchmodat": "dir:fd path:text mode:octal",
	"mkdir": "path:text mode:octal", "mkdirat": "dir:fd path:text mode:octal",
	"mknod": "path:text mode:octal dev:hex", "mknodat": "dir:fd path:text mode:octal dev:hex",
	"creat": "path:text mode:octal", "open": "path:text flags:hex mode:octal", "openat": "dir:fd path:text flags:hex mode:octal",
	"setxattr": "path:text name:text", "lsetxattr": "path:text name:text", "fsetxattr": "fd:fd name:text",
	"getxattr": "path:text name:text", "lgetxattr": "path:text name:text", "fgetxattr": "fd:fd name:text",
	"listxattr": "path:text", "llistxattr": "path:text", "flistxattr": "fd:fd",
	"removexattr": "path:text name:text", "lremovexattr": "path:text name:text", "fremovexattr": "fd:fd name:text",
	"inotify_add_watch": "fd:fd path:text mask:hex", "memfd_create": "name:text flags:hex",
	"socket": "family:family type:socktype protocol:int", "socketpair": "family:family type:socktype protocol:int",
	"connect": "fd:fd address:sockaddr", "bind": "fd:fd address:sockaddr",
	"setsockopt": "fd:fd level:int option:int",
	"sendto":     "fd:fd - - flags:hex", "recvfrom": "fd:fd - - flags:hex", "sendmsg": "fd:fd - flags:hex", "recvmsg": "fd:fd - flags:hex",
	"sendmmsg": "fd:fd - - flags:hex", "recvmmsg": "fd:fd - - flags:hex",
	"ioctl": "fd:fd command:hex", "prctl": "option:int arg:hex", "arch_prctl": "option:hex arg:hex",
	"setrlimit": "resource:int", "prlimit64": "pid:int resource:int",
	"shmget": "key:hex size:int flags:octal", "semget": "key:hex count:int flags:octal", "msgget": "key:hex flags:octal",
	"mq_open": "name:text flags:hex mode:octal", "mq_unlink": "name:text",
	"sched_setaffinity": "pid:int", "sched_setscheduler": "pid:int policy:int", "sched_setparam": "pid:int",
}

// memory reads up to n bytes of the worker at an address, fewer where its memory ends, none where there is none.
type memory func(at uint64, n int) []byte

// maxText is how much of a string of the worker's is read.
const maxText = 256

// showArgs writes the arguments of a call.
func showArgs(call string, args [6]uint64, mem memory) string {
	shape, ok := shapes[call]
	if !ok {
		return fmt.Sprintf("%#x %#x %#x", args[0], args[1], args[2])
	}
	var out []string
	for i, f := range strings.Fields(shape) {
		name, kind, ok := strings.Cut(f, ":")
		if !ok {
			continue
		}
		var v string
		if kind == "sockaddr" {
			v = sockaddr(mem(args[i], int(min(args[i+1], 110)))) // sizeof(struct sockaddr_un)
		} else {
			v = show(kind, args[i], mem)
		}
		out = append(out, name+"="+v)
	}
	return strings.Join(out, " ")
}

func show(kind string, v uint64, mem memory) string {
	switch kind {
	case "text":
		return quoted(mem(v, maxText))
	case "fd":
		if int32(v) == unix.AT_FDCWD {
			return "cwd"
		}
		return strconv.Itoa(int(int32(v)))
	case "octal":
		return fmt.Sprintf("%#o", uint32(v))
	case "hex":
		return fmt.Sprintf("%#x", v)
	case "signal":
		if name := unix.SignalName(unix.Signal(int32(v))); name != "" {
			return name
		}
	case "clone":
		return cloneFlags(v)
	case "family":
		return named(v, families)
	case "socktype":
		return named(v&0xf, socketTypes)
	}
	return strconv.Itoa(int(int32(v)))
}

// quoted shows a C string as printable ASCII in quotes. "…" behind it says that it goes on, "?" that it could not be read.
func quoted(b []byte) string {
	if b == nil {
		return "?"
	}
	s, _, ended := strings.Cut(string(b), "\x00")
	if q := strconv.QuoteToASCII(s); ended {
		return q
	} else {
		return q + "…"
	}
}

func named(v uint64, names map[uint64]string) string {
	if n, ok := names[v]; ok {
		return n
	}
	return strconv.Itoa(int(int32(v)))
}

var families = map[uint64]string{unix.AF_UNIX: "AF_UNIX", unix.AF_INET: "AF_INET", unix.AF_INET6: "AF_INET6", unix.AF_NETLINK: "AF_NETLINK",
	unix.AF_PACKET: "AF_PACKET", unix.AF_ALG: "AF_ALG", unix.AF_VSOCK: "AF_VSOCK"}

var socketTypes = map[uint64]string{unix.SOCK_STREAM: "SOCK_STREAM", unix.SOCK_DGRAM: "SOCK_DGRAM", unix.SOCK_RAW: "SOCK_RAW",
	unix.SOCK_SEQPACKET: "SOCK_SEQPACKET"}

// cloneFlags shows clone's first argument: the namespaces asked for, whether it is a thread, and the signal at its end.
func cloneFlags(v uint64) string {
	// What every fork and thread of the C library has says nothing.
	v &^= unix.CLONE_CHILD_SETTID | unix.CLONE_CHILD_CLEARTID | unix.CLONE_PARENT_SETTID | unix.CLONE_SETTLS | unix.CLONE_SYSVSEM |
		unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_SIGHAND
	var out []string
	for _, f := range []struct {
		bit  uint64
		name string
	}{
		{unix.CLONE_NEWUSER, "CLONE_NEWUSER"}, {unix.CLONE_NEWNS, "CLONE_NEWNS"}, {unix.CLONE_NEWPID, "CLONE_NEWPID"},
		{unix.CLONE_NEWNET, "CLONE_NEWNET"}, {unix.CLONE_NEWIPC, "CLONE_NEWIPC"}, {unix.CLONE_NEWUTS, "CLONE_NEWUTS"},
		{unix.CLONE_NEWCGROUP, "CLONE_NEWCGROUP"}, {unix.CLONE_VM, "CLONE_VM"}, {unix.CLONE_THREAD, "CLONE_THREAD"},
		{unix.CLONE_VFORK, "CLONE_VFORK"}, {unix.CLONE_PARENT, "CLONE_PARENT"},
	} {
		if v&f.bit != 0 {
			out, v = append(out, f.name), v&^f.bit
		}
	}
	if sig := unix.SignalName(unix.Signal(v & 0xff)); sig != "" {
		out, v = append(out, sig), v&^0xff
	}
	if v != 0 || len(out) == 0 {
		out = append(out, fmt.Sprintf("%#x", v))
	}
	return strings.Join(out, "|")
}

// sockaddr shows an address: struct sockaddr_in, _in6 or _un.
func sockaddr(b []byte) string {
	if len(b) < 2 {
		return "?"
	}
	family, rest := binary.NativeEndian.Uint16(b), b[2:]
	switch {
	case family == unix.AF_INET && len(rest) >= 6:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(rest[2:6])), binary.BigEndian.Uint16(rest)).String()
	case family == unix.AF_INET6 && len(rest) >= 22:
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(rest[6:22])), binary.BigEndian.Uint16(rest)).String()
	case family == unix.AF_UNIX && len(rest) > 0 && rest[0] == 0:
		return "@" + strconv.QuoteToASCII(string(rest[1:]))
	case family == unix.AF_UNIX:
		return quoted(append(rest, 0))
	}
	return named(uint64(family), families)
}
