package probes

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"jpm/test/port"
)

// JPM is a running jpm with three pools: "php" serves a site, "native" is the native program, and "loopback" the same with a network.
type JPM struct {
	site     *home
	socket   string // of the pool "native"
	loopback string // of the pool "loopback"
	address  string // of the status endpoint
	ended    chan struct{}
	log      string // path
}

// StartJPM makes the sites and runs jpm, built into bin/, until the stand is closed. more is configuration for each pool of that name,
// put into its blocks: pool → block → lines; the block "" is the pool itself.
func (s *Stand) StartJPM(name, source string, more map[string]map[string]string) (*JPM, error) {
	siteID, nativeID, loopbackID := siteID, nativeID, loopbackID
	proxy, shared, listen := fmt.Sprintf("proxy {\n user = \"%d\"\n}\n", proxyID), "", "owner = \"www-data\""
	if s.one != 0 {
		siteID, nativeID, loopbackID = s.one, s.one, s.one
		proxy, shared, listen = "", "shared_uid = true", ""
	}
	h, err := s.newHome(name, source, siteID)
	if err != nil {
		return nil, err
	}
	env, err := s.Environment(name, uint32(siteID))
	if err != nil {
		return nil, err
	}
	env["JPM_TMP"], env["LAB_TMP"] = "/tmp", "/tmp"
	nativeEnv, err := s.nativeEnvironment(env, name+"/native", nativeID)
	if err != nil {
		return nil, err
	}
	loopbackEnv, err := s.nativeEnvironment(env, name+"/loopback", loopbackID)
	if err != nil {
		return nil, err
	}
	statusPort, release, err := port.Hold()
	if err != nil {
		return nil, err
	}
	s.after(func() error { release(); return nil })
	j := &JPM{site: h, socket: s.path(name + "/native.sock"), loopback: s.path(name + "/loopback.sock"), address: fmt.Sprintf("127.0.0.1:%d", statusPort), log: s.path(name + "/jpm.log")}
	var conf strings.Builder
	fmt.Fprintf(&conf, "status {\n listen = %q\n}\n%s", j.address, proxy)
	block := func(pool, name, lines string) {
		if extra := more[pool][name]; lines+extra != "" {
			fmt.Fprintf(&conf, "%s {\n%s\n%s\n}\n", name, lines, extra)
		}
	}
	for _, p := range []struct {
		name, socket, command string
		uid                   int
		env                   map[string]string
		scripts, php, jail    string
	}{
		{"php", h.socket, "/usr/bin/php-cgi", siteID, env, fmt.Sprintf("root = %q", h.root),
			fmt.Sprintf("ini = {\n\"ffi.enable\" = \"true\"\n\"sendmail_path\" = %q\n}", s.path("sendmail")),
			fmt.Sprintf("read = [%q]\nwrite = [%q]", h.root, filepath.Join(h.root, "uploads"))},
		{"native", j.socket, s.path("bin/worker"), nativeID, nativeEnv, "", "",
			fmt.Sprintf("read = [%q]\nwrite = [%q]\nexec = [%q]", s.path("read"), nativeEnv["JPM_WRITE"], s.path("bin"))},
		{"loopback", j.loopback, s.path("bin/worker"), loopbackID, loopbackEnv, "", "",
			fmt.Sprintf("read = [%q]\nwrite = [%q]\nexec = [%q]\nnetwork = \"loopback\"", s.path("read"), loopbackEnv["JPM_WRITE"], s.path("bin"))},
	} {
		fmt.Fprintf(&conf, "pool %q {\nlisten \"unix:%s\" {\n%s\n}\nuser = \"%d\"\n%s\ncommand = [%q]\n%s\n",
			p.name, p.socket, listen, p.uid, shared, p.command, more[p.name][""])
		fmt.Fprintf(&conf, "env = {\n")
		for _, key := range slices.Sorted(maps.Keys(p.env)) {
			fmt.Fprintf(&conf, "%q = %q\n", key, p.env[key])
		}
		fmt.Fprintf(&conf, "}\n")
		block(p.name, "scripts", p.scripts)
		block(p.name, "php", p.php)
		block(p.name, "workers", "max = 4\nstart_timeout = \"60s\"")
		block(p.name, "queue", "timeout = \"30s\"") // for a worker that a probe has killed is replaced, on a busy machine too
		block(p.name, "limits", "tmp = \"16M\"")
		block(p.name, "jail", p.jail)
		block(p.name, "request", "")
		fmt.Fprintf(&conf, "}\n")
	}
	file := s.path(name + "/jpm.hcl")
	if err := os.WriteFile(file, []byte(conf.String()), 0o644); err != nil {
		return nil, err
	}
	j.site.worker = func() (int, error) { return j.worker("php") }
	return j, s.run(j, file, s.path(name+"/run"))
}

// run starts jpm and waits until all workers are idle.
func (s *Stand) run(j *JPM, file, runDir string) error {
	log, err := os.Create(j.log)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(s.path("bin/jpm"), "run", "-c", file, "--run-dir", runDir)
	cmd.Stdout, cmd.Stderr, cmd.Env = log, log, append(os.Environ(), secret)
	if s.one != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(s.one), Gid: uint32(s.one)}}
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	j.ended = make(chan struct{})
	var waited error
	go func() {
		waited = cmd.Wait()
		close(j.ended)
	}()
	s.after(func() error {
		_ = cmd.Process.Signal(os.Interrupt) // it may have ended, which is told below
		select {
		case <-j.ended:
			return waited
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			<-j.ended
			return errors.New("jpm did not end on SIGINT")
		}
	})
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		err := j.idle("php", "native", "loopback")
		if err == nil {
			return nil
		}
		select {
		case <-j.ended:
			return fmt.Errorf("jpm ended: %v\n%s", waited, j.Log())
		default:
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("jpm does not become ready: %w\n%s", err, j.Log())
		}
	}
}

// Log is the end of what jpm has printed.
func (j *JPM) Log() string {
	b, err := os.ReadFile(j.log)
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-4000):])
}

// idle says which of the pools has no idle worker.
func (j *JPM) idle(pools ...string) error {
	for _, pool := range pools {
		if _, err := j.worker(pool); err != nil {
			return err
		}
	}
	return nil
}

// worker is the pid of an idle worker of a pool.
func (j *JPM) worker(pool string) (int, error) {
	client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + j.address + "/status.json")
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	var s struct {
		Pools []struct {
			Name    string `json:"name"`
			Workers []struct {
				Pid   int    `json:"pid"`
				State string `json:"state"`
			} `json:"workers"`
		} `json:"pools"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		return 0, fmt.Errorf("status.json: %w", err)
	}
	for _, p := range s.Pools {
		for _, w := range p.Workers {
			if p.Name == pool && w.State == "idle" {
				return w.Pid, nil
			}
		}
	}
	return 0, fmt.Errorf("pool %s has no idle worker", pool)
}

func (j *JPM) home() *home { return j.site }

func (j *JPM) native(p *Probe) (string, error) {
	// A worker that a probe has killed is replaced after a short pause; the queue holds the request so long.
	socket := j.socket
	if p.Loopback {
		socket = j.loopback
	}
	a, err := ask(socket, page("/x", "try="+url.QueryEscape(p.Name)))
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: %w", p.Name, err)
	case a.status() == "502":
		return Killed, nil
	case a.status() != "200":
		return "", fmt.Errorf("%s: status %s", p.Name, a.status())
	}
	return NativeOutcome(a.body), nil
}
