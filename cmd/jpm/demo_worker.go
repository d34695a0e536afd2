package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/http/fcgi"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The demo's worker for machines without php-cgi: an ordinary Go FastCGI program that tries, from inside its jail,
// what a hacked site would try.

// attempt is one thing a hacked site would try. It returns nil if that worked.
type attempt struct {
	Probe string
	Title string
	try   func() error
}

// result is an attempt's outcome, in the words of the lab page's JSON.
type result struct {
	Probe   string `json:"probe"`
	Title   string `json:"title"`
	Allowed bool   `json:"allowed"`
	Error   string `json:"error"`
}

// attempts lists what is tried. neighbour is a file of another site, port a TCP port on the host that answers.
func attempts(neighbour, port string) []attempt {
	read := func(path string) func() error {
		return func() error { _, err := os.ReadFile(path); return err }
	}
	write := func(path string) func() error {
		return func() error {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			return f.Close()
		}
	}
	socket := func(domain, kind, proto int) func() error {
		return func() error {
			fd, err := unix.Socket(domain, kind, proto)
			if err != nil {
				return os.NewSyscallError("socket", err)
			}
			return unix.Close(fd)
		}
	}
	self, _ := os.Executable()
	return []attempt{
		{"read-neighbour", "read a file of the neighbour", read(neighbour)},
		{"read-shadow", "read /etc/shadow", read("/etc/shadow")},
		{"read-host-passwd", "read the host's /etc/ssh", read("/etc/ssh/ssh_config")},
		{"proc-others", "see other processes", func() error {
			// In its own pid namespace, which hides process 1 from it, a worker sees itself alone.
			names, err := os.ReadDir("/proc")
			if err != nil {
				return err
			}
			for _, n := range names {
				if strings.Trim(n.Name(), "0123456789") == "" && n.Name() != fmt.Sprint(os.Getpid()) {
					return nil
				}
			}
			return errors.New("none is visible")
		}},
		{"self-mem", "write its own code through /proc/self/mem", write("/proc/self/mem")},
		{"self-exe", "write its own program", write(self)},
		{"write-usr", "create a file in /usr", func() error { return os.WriteFile("/usr/jpm-demo", nil, 0o644) }},
		{"tcp-connect", "connect to a server on the host", func() error {
			c, err := net.DialTimeout("tcp", "127.0.0.1:"+port, time.Second)
			if err != nil {
				return err
			}
			return c.Close()
		}},
		{"netlink", "open a netlink socket", socket(unix.AF_NETLINK, unix.SOCK_RAW, 0)},
		{"exec-id", "run id", func() error { return exec.Command("/usr/bin/id").Run() }},
		{"kill-init", "kill process 1", func() error { return os.NewSyscallError("kill", unix.Kill(1, syscall.SIGTERM)) }},
		{"chown", "give a file away", func() error { return os.Chown("/tmp", 0, 0) }},
		{"setuid", "become root", func() error { return os.NewSyscallError("setuid", syscall.Setuid(0)) }},
	}
}

var demoPage = template.Must(template.New("demo").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>jpm demo</title><style>
:root{color-scheme:light dark} body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%} td,th{padding:.3rem .6rem;text-align:left;border-bottom:1px solid #8884}
.no{color:#2a8a3a} .yes{color:#c33;font-weight:bold}
</style></head><body><h1>What a hacked site would try</h1>
<p>This page is an ordinary FastCGI program in a jail of jpm. It has just tried all of this for real.</p>
<table><tr><th>attempt</th><th>outcome</th></tr>
{{range .}}<tr><td>{{.Title}}</td><td>{{if .Allowed}}<span class="yes">allowed</span>{{else}}<span class="no">denied: {{.Error}}</span>{{end}}</td></tr>
{{end}}</table>
<p><a href="/?format=json">the same as JSON</a> · <a href="/trip">call ptrace</a>: no honest site does, so the worker dies, you get a 502, and jpm logs an incident with this request.</p>
</body></html>`))

// demoWorker serves FastCGI on descriptor 0 until it is ended.
func demoWorker(neighbour, port string) error {
	h := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/trip" {
			// Killed by the system call filter before this returns.
			_, _, errno := unix.RawSyscall(unix.SYS_PTRACE, uintptr(unix.PTRACE_TRACEME), 0, 0)
			http.Error(w, "ptrace: "+errno.Error(), http.StatusInternalServerError)
			return
		}
		var results []result
		for _, a := range attempts(neighbour, port) {
			res := result{Probe: a.Probe, Title: a.Title}
			if err := a.try(); err != nil {
				res.Error = err.Error()
			} else {
				res.Allowed = true
			}
			results = append(results, res)
		}
		if r.URL.Query().Get("format") == "json" {
			w.Header().Set("Content-Type", "application/json")
			json.NewEncoder(w).Encode(results)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		demoPage.Execute(w, results)
	}
	return fcgi.Serve(nil, http.HandlerFunc(h))
}
