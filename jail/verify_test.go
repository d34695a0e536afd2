package jail

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// noticed says for every step what the start says when the step is left out: a later step that needs it or proves it, or the checks
// from outside.
var noticed = map[string]string{
	"cgroup-namespace":   "namespace cgroup",
	"fork":               "step wait-exec-stage",
	"new-root":           "step fill-root",
	"fill-root":          "step working-directory",
	"zero":               "step prove-zero: make a namespace",
	"pivot-root":         "step read-only-root",
	"detach-host":        "mount /",
	"read-only-root":     "mount /",
	"hostname":           "step prove-init: hostname",
	"init-close":         "PID 1 descriptors",
	"init-drop":          "PID 1 status CapPrm",
	"init-seccomp":       "PID 1 status Seccomp",
	"release":            "context deadline exceeded",
	"oom-score":          "oom_score_adj",
	"stand-by":           "start worker", // in one way or another: the two stages race
	"session":            "status NSsid",
	"rlimits":            "Max core file size",
	"umask":              "status Umask",
	"bounding-set":       "status CapBnd",
	"securebits":         "step prove-identity: securebits",
	"gid":                "step prove-identity: gids",
	"uid":                "step prove-identity: uids",
	"capabilities":       "step prove-identity: capabilities",
	"death-signal-again": "step prove-process: death signal is 0",
	"working-directory":  "working directory",
	"no-new-privs":       "step landlock: restrict",
	"landlock":           "step prove-landlock: list /",
	"mdwe":               "step prove-process: MDWE is 0",
	"signals":            "status Sig", // caught by jpm-init's runtime, or ignored by whoever started the test
	"arguments":          "SIGSEGV",
	"descriptors":        "descriptors",
	"ready":              "before the worker was ready",
	"seccomp":            "listener",
	"exec":               "exit code 1",
}

// unnoticed are the steps without which the worker of the test is as it should be, and why.
var unnoticed = map[string]string{
	"death-signal":      "clone does it too; the step also asks whether the master lives",
	"dumpable":          "init-drop does it again; it covers the time before",
	"cgroup":            "its word from the master would be taken for the last one: a race, not run; where the process ends up is looked at",
	"wait-exec-stage":   "the exec stage may be ready by then, or fails at oom-score: a race, not run",
	"private-mounts":    "only what a host with shared mounts would see; propagation is looked at",
	"prove-root":        "a proof",
	"prove-zero":        "a proof",
	"loopback":          "this worker has no network",
	"prove-init":        "a proof",
	"exec-death-signal": "death-signal-again does it again; it covers the time before",
	"exec-dumpable":     "the change of uid does it too; it covers the time before",
	"keyring":           "shown to nobody but the process; TestWithoutSeccomp asks it",
	"ambient":           "the set was empty; it is looked at",
	"groups":            "the list was empty; it is looked at",
	"prove-identity":    "a proof",
	"prove-landlock":    "a proof",
	"prove-process":     "a proof",
}

// Of every step it is said whether it is noticed.
func TestStepsAreNoticedOrNot(t *testing.T) {
	real := steps(t)
	slices.Sort(real)
	said := slices.Sorted(maps.Keys(noticed))
	said = slices.AppendSeq(said, maps.Keys(unnoticed))
	slices.Sort(said)
	if !slices.Equal(said, real) {
		t.Errorf("said of\n%q\nand jpm-init runs\n%q", said, real)
	}
}

// With a step left out no worker starts, or it is known why that makes no difference.
func TestEveryStepIsNoticed(t *testing.T) {
	h := needRoot(t)
	dir := site(t, nil)
	for _, step := range slices.AppendSeq(slices.Sorted(maps.Keys(noticed)), maps.Keys(unnoticed)) {
		if step == "cgroup" || step == "wait-exec-stage" {
			continue
		}
		t.Run(step, func(t *testing.T) {
			want := noticed[step]
			switch {
			case step == "init-drop" && !h.UserNS.On:
				want = "PID 1 status Uid"
			case (step == "landlock" || step == "no-new-privs") && !h.Landlock.On:
				unavailable(t, "what notices it is Landlock: "+h.Landlock.Why)
			case step == "mdwe" && !h.MDWE.On:
				want = ""
			case step == "seccomp" && !h.Listener.On:
				want = "status Seccomp"
			}
			p := workerPool()
			p.Jail.Read, p.Scripts.Root = []string{dir}, dir
			s := newSpawner(t, Options{skipStep: step})
			j := compile(t, p, h)
			if err := s.AddPool(j); err != nil {
				t.Fatal(err)
			}
			limit := 30 * time.Second
			if step == "release" {
				limit = time.Second // nothing happens then
			}
			ctx, cancel := context.WithTimeout(context.Background(), limit)
			defer cancel()
			w, err := s.Start(ctx, j, "x", nil)
			if err == nil {
				w.Close()
				w.Conn().Close()
				w.Log().Close()
			}
			switch {
			case want == "" && err != nil:
				t.Errorf("Start = %v, want a worker", err)
			case want != "" && err == nil:
				t.Errorf("started, want an error about %s", want)
			case want != "" && !strings.Contains(err.Error(), want):
				t.Errorf("Start = %v, want an error about %s", err, want)
			}
		})
	}
}
