//go:build integration

package jail

import (
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"jpm/config"
	"jpm/jail/plan"
	"jpm/test/probes"
)

// nativeUID is the user of the native program's pool.
const nativeUID = 64202

// knockouts leave out one layer each. host changes what the plan is compiled for, jail the plan, options the start. That the checks
// from outside notice is proved elsewhere; here they are off.
var knockouts = []struct {
	layer   probes.Layer
	host    func(*Host)
	jail    func(*Jail)
	options Options
}{
	{layer: "none"},
	{layer: probes.Seccomp, options: Options{skipStep: "seccomp"}},
	{layer: probes.MDWE, jail: func(j *Jail) { j.plan.MDWE = false }},
	{layer: probes.Mounts, jail: hostTree},
	{layer: probes.MountFlags, jail: func(j *Jail) {
		for i := range j.plan.Entries {
			if e := &j.plan.Entries[i]; e.Kind == plan.Bind {
				e.Flags = 0
			}
		}
	}},
	{layer: probes.Procfs, jail: hostProc},
	// What is the host's network is not the jail's to change, nor is its loopback.
	{layer: probes.Network, options: Options{share: unix.CLONE_NEWNET, skipStep: "loopback"}, jail: func(j *Jail) {
		j.plan.Zero = slices.DeleteFunc(slices.Clone(j.plan.Zero), func(name string) bool { return strings.HasPrefix(name, "net/") })
	}},
	// Without the step "hostname", which would rename the host; the name that is proven afterwards is the host's.
	{layer: probes.Namespaces, host: func(h *Host) { h.UserNS = Feature{Why: "a test"} },
		jail: func(j *Jail) {
			j.plan.Hostname, _ = os.Hostname()
			// Nor are the host's amounts of System V objects the jail's to change.
			j.plan.Zero = slices.DeleteFunc(slices.Clone(j.plan.Zero), func(name string) bool { return strings.HasPrefix(name, "kernel/") })
		},
		options: Options{share: unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS, skipStep: "hostname"}},
	{layer: probes.Landlock, jail: func(j *Jail) { j.plan.Landlock = plan.Landlock{} }},
	{layer: probes.Limits, jail: func(j *Jail) { j.plan.Rlimits, j.plan.OOMScoreAdj, j.tmp = nil, 0, 1<<30 }},
}

// hostTree gives the jail the host's directories, read-only and without programs but in /usr, as mounts of its own. Of /etc it keeps what
// is made for it, PHP's settings among it, and adds the rest.
func hostTree(j *Jail) {
	tops := []string{"/boot", "/dev", "/home", "/root", "/run", "/srv", "/sys", "/tmp", "/var"}
	below := func(p string) bool {
		return slices.ContainsFunc(tops, func(top string) bool { return within(top, p) })
	}
	var entries []plan.Entry
	for _, top := range tops {
		flags := plan.ReadOnly | plan.NoSuid | plan.NoExec
		if top != "/dev" {
			flags |= plan.NoDev
		}
		entries = append(entries, plan.Entry{Kind: plan.Dir, Path: top, Mode: 0o755},
			plan.Entry{Kind: plan.Bind, Path: top, Source: top, Wants: plan.Directory, Flags: flags, Recursive: true, Origin: "a test"})
	}
	names, _ := filepath.Glob("/etc/*") // the pattern is no bad one
	for _, p := range names {
		fi, err := os.Lstat(p)
		if err != nil || !fi.IsDir() && !fi.Mode().IsRegular() || slices.ContainsFunc(j.plan.Entries, func(e plan.Entry) bool { return within(p, e.Path) }) {
			continue
		}
		entries = append(entries, plan.Entry{Kind: plan.Bind, Path: p, Source: p, Wants: plan.Any, Recursive: true, Origin: "a test",
			Flags: plan.ReadOnly | plan.NoSuid | plan.NoDev | plan.NoExec})
	}
	for _, e := range j.plan.Entries {
		// The site's own mounts lie on the host's directories; the files that are made would have to be made in them.
		if !below(e.Path) || e.Kind == plan.Bind && (strings.HasPrefix(e.Origin, "jail.") || e.Path == "/tmp") {
			entries = append(entries, e)
		}
	}
	slices.SortStableFunc(entries, func(a, b plan.Entry) int { return strings.Count(a.Path, "/") - strings.Count(b.Path, "/") })
	j.plan.Entries = entries
}

// hostProc gives the jail the host's /proc, writable.
func hostProc(j *Jail) {
	for i := range j.plan.Entries {
		if e := &j.plan.Entries[i]; e.Kind == plan.Proc {
			*e = plan.Entry{Kind: plan.Dir, Path: "/proc", Mode: 0o555}
			j.plan.Entries = slices.Insert(j.plan.Entries, i+1,
				plan.Entry{Kind: plan.Bind, Path: "/proc", Source: "/proc", Wants: plan.Directory,
					Flags: plan.NoSuid | plan.NoDev | plan.NoExec, Origin: "a test"})
			return
		}
	}
}

// TestKnockOut makes the probes of scripts and of the native program in the whole jail, and then in jails that lack a layer each. Without its layer a probe may get through:
// then defence is one deep, and docs/probes.md says so. Without another it must not.
func TestKnockOut(t *testing.T) {
	h := needRoot(t)
	needPHP(t)
	stand, err := probes.NewStand("/srv")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stand.Close(); err != nil {
			t.Error(err)
		}
	})
	k := &knockout{host: h, stand: stand}
	outcomes := map[probes.Layer]map[string]string{}
	for i, out := range knockouts {
		t.Run(string(out.layer), func(t *testing.T) { outcomes[out.layer] = k.run(t, i) })
	}
	var all []probes.Depth
	for _, p := range probes.Corpus() {
		whole, made := outcomes["none"][p.ID]
		if !made || p.Stops == nil {
			continue
		}
		if p.Stops[whole] == "" { // judged, with what works without a jail, by the test of the probes
			continue
		}
		d := probes.Depth{Probe: p, Whole: whole, Without: map[probes.Layer]string{}}
		for layer, made := range outcomes {
			if outcome, ok := made[p.ID]; ok && layer != "none" {
				d.Without[layer] = outcome
			}
		}
		all = append(all, d)
	}
	if len(all) < 150 {
		t.Errorf("only %d probes are stopped in the whole jail", len(all))
	}
	for _, leak := range probes.Leaks(all) {
		t.Errorf("%s it gets through, and another layer is said to stop it", leak)
	}
	// On a kernel that lacks a layer it may have been the second.
	tell := t.Logf
	if h.UserNS.On && h.NamespaceLimit.On && h.SystemV.On && h.MDWE.On && h.LandlockABI >= 6 {
		tell = t.Errorf
	}
	for _, id := range probes.Unexplained(all) {
		tell("%s: one deep, and nobody says why", id)
	}
	table := probes.DepthTable(all)
	t.Log(strings.Split(table, "\n")[0])
	if doc := os.Getenv("JPM_PROBES_DOC"); doc != "" {
		if err := probes.ReplaceSection(doc, "knock-out", table); err != nil {
			t.Error(err)
		}
	}
}

// knockout makes probes in jails of one kind after the other.
type knockout struct {
	host  *Host
	stand *probes.Stand
}

// run makes all probes in the jail that lacks the layer of knockouts[i]. It returns the outcomes by the probes' ids.
func (k *knockout) run(t *testing.T, i int) map[string]string {
	out := knockouts[i]
	h := *k.host
	if out.host != nil {
		out.host(&h)
	}
	o := out.options
	o.skipVerify = out.layer != "none"
	// Not in a directory that hostTree gives to jails.
	dir, err := os.MkdirTemp("/opt", "jpm-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	o.Dir = dir
	s := newSpawner(t, o)

	name := "k" + string(out.layer)
	root, err := k.stand.Site(name, "..", siteUID)
	if err != nil {
		t.Fatal(err)
	}
	nativeDir, err := k.stand.Site(name+"-native", "..", nativeUID)
	if err != nil {
		t.Fatal(err)
	}
	native := workerPool()
	native.UID, native.GID = nativeUID, nativeUID
	if native.Env, err = k.stand.Environment(name+"-native", nativeUID); err != nil {
		t.Fatal(err)
	}
	native.Env["JPM_TMP"] = "/tmp"
	native.Jail.Read, native.Jail.Write = []string{native.Env["JPM_READ"]}, []string{filepath.Join(filepath.Dir(nativeDir), "write")}
	native.Limits.Tmp = 16 << 20
	php := phpPool(root)
	if php.Env, err = k.stand.Environment(name, siteUID); err != nil {
		t.Fatal(err)
	}
	php.Env["LAB_TMP"] = "/tmp"
	php.PHP.INI = map[string]string{"ffi.enable": "true", "sendmail_path": filepath.Join(k.stand.Dir, "sendmail")}
	php.Jail.Write = []string{filepath.Join(root, "uploads")}
	php.Limits.Tmp = 16 << 20

	linked := native
	linked.Name, linked.Jail.Network = "linked", "loopback"

	var jails []*Jail
	for _, p := range []config.Pool{native, php, linked} {
		j := compile(t, p, &h)
		if out.jail != nil {
			out.jail(j)
		}
		if err := s.AddPool(j); err != nil {
			t.Fatal(err)
		}
		jails = append(jails, j)
	}
	outcomes := map[string]string{}
	scripts := map[string]string{}
	w := start(t, s, jails[1])
	for _, script := range probes.Scripts {
		answer := body(t, w, filepath.Join(root, script), "format=json")
		found, err := probes.Reports(answer)
		if err != nil {
			t.Fatal(err)
		}
		for name, outcome := range found {
			scripts[name] = outcome
		}
	}
	tries := map[*Jail]*Worker{}
	for _, p := range probes.Corpus() {
		switch {
		case p.Limited: // these jails have no limit of memory
		case p.How == probes.PHP:
			outcomes[p.ID] = scripts[p.Name]
		case p.How == probes.Native:
			at := jails[0]
			if p.Loopback {
				at = jails[2]
			}
			if tries[at] == nil {
				tries[at] = start(t, s, at)
			}
			answer, _, err := get(tries[at].Conn(), "", "try="+url.QueryEscape(p.Name), true)
			_, text, _ := strings.Cut(answer, "\r\n\r\n")
			outcomes[p.ID] = probes.NativeOutcome(text)
			if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
				outcomes[p.ID] = probes.Killed
				tries[at].Close()
				delete(tries, at)
			} else if err != nil {
				t.Fatalf("%s: %v", p.ID, err)
			}
		}
	}
	return outcomes
}
