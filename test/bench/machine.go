package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Machine is what the numbers were made on and with.
type Machine struct {
	CPU      string            `json:"cpu"`
	CPUs     int               `json:"cpus"`
	Memory   uint64            `json:"memory_bytes"`
	Kernel   string            `json:"kernel"`
	Go       string            `json:"go"`
	Packages map[string]string `json:"packages"` // Debian's versions
}

// describeMachine finds out what it can; what it cannot stays empty.
func describeMachine(p php) Machine {
	m := Machine{CPUs: runtime.NumCPU(), Packages: map[string]string{}, Go: runtime.Version()}
	var uts unix.Utsname
	if unix.Uname(&uts) == nil {
		m.Kernel = unix.ByteSliceToString(uts.Release[:]) + " " + unix.ByteSliceToString(uts.Machine[:])
	}
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) == nil {
		m.Memory = uint64(info.Totalram) * uint64(info.Unit)
	}
	cpuinfo, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(cpuinfo)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			m.CPU = strings.TrimSpace(value)
			break
		}
	}
	version := strings.TrimPrefix(filepath.Base(p.cgi), "php-cgi")
	for _, name := range []string{"nginx", "wrk", "php" + version + "-fpm", "php" + version + "-cgi", "uwsgi-core", "uwsgi-plugin-php", "bubblewrap", "dokuwiki", "wordpress", "mariadb-server-core"} {
		if out, err := exec.Command("dpkg-query", "-W", "-f", "${Version}", name).Output(); err == nil {
			m.Packages[name] = string(out)
		}
	}
	return m
}
