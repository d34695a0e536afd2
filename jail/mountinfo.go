package jail

import (
	"fmt"
	"strconv"
	"strings"

	"jpm/jail/plan"
)

// mountLine is what is used of one line of mountinfo (proc_pid_mountinfo(5)).
type mountLine struct {
	root, point string
	flags       plan.Flags
	fstype      string
	super       []string // options of the filesystem itself
	shared      bool     // mounts made below it appear elsewhere
	slave       bool     // mounts made elsewhere appear below it
}

func parseMountinfo(text string) ([]mountLine, error) {
	var all []mountLine
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		left, right, ok := strings.Cut(line, " - ")
		f, r := strings.Fields(left), strings.Fields(right)
		if !ok || len(f) < 6 || len(r) < 3 {
			return nil, fmt.Errorf("mountinfo line %q: unknown form", line)
		}
		m := mountLine{root: unescape(f[3]), point: unescape(f[4]), fstype: r[0], super: strings.Split(r[2], ",")}
		for _, o := range strings.Split(f[5], ",") {
			m.flags |= mountFlag[o]
		}
		for _, o := range f[6:] {
			m.shared = m.shared || strings.HasPrefix(o, "shared:")
			m.slave = m.slave || strings.HasPrefix(o, "master:")
		}
		all = append(all, m)
	}
	return all, nil
}

var mountFlag = map[string]plan.Flags{
	"ro": plan.ReadOnly, "nosuid": plan.NoSuid, "nodev": plan.NoDev, "noexec": plan.NoExec, "nosymfollow": plan.NoSymFollow,
}

// flagNames writes flags as mountinfo does.
func flagNames(f plan.Flags) string {
	var s []string
	for _, n := range []string{"ro", "nosuid", "nodev", "noexec", "nosymfollow"} {
		if f&mountFlag[n] != 0 {
			s = append(s, n)
		}
	}
	if f&plan.ReadOnly == 0 {
		s = append([]string{"rw"}, s...)
	}
	return strings.Join(s, ",")
}

// unescape undoes the octal escapes of mountinfo.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
