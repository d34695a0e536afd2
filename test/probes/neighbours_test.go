//go:build integration

package probes

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// TestNeighbours: while one pool uses up what it can, the other's requests all succeed. How much slower they are is told, and asserted
// nowhere: this machine does other things too.
func TestNeighbours(t *testing.T) {
	needs(t)
	s, err := NewStand("/srv")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	source := filepath.Join("..", "..")
	if err := s.Build(source, "./cmd/jpm", "./cmd/jpm-init", NativeProgram); err != nil {
		t.Fatal(err)
	}
	j, err := s.StartJPM("neighbours", source, map[string]map[string]string{"native": {
		"limits":  "memory = \"128M\"\npids = 64\ncpu = \"50%\"\nenforce = \"best_effort\"",
		"jail":    "seccomp = \"generic\"",
		"request": "timeout = \"3s\"",
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(j.Log())
		}
	})
	quiet := j.visit(t, "nobody does anything", time.Second)
	t.Logf("%-22s %5d requests, p99 %v", "quiet", len(quiet), p99(quiet))
	for _, attack := range []struct {
		name, try string
		want      []string // outcomes of which one must come; none of them says that it got through
	}{
		{"memory bomb", "bomb-memory", []string{Killed, "504"}},
		{"fork bomb", "bomb-fork", []string{"EAGAIN"}},
		{"disk filler", "fill-tmp", []string{"ENOSPC", Killed}}, // a tmpfs counts as memory
		{"descriptor eater", "eat-descriptors", []string{"EMFILE"}},
		{"log flood", "flood-log", []string{Works}},
		{"spinner", "spin", []string{Works}},
		{"slow responder", "slow", []string{"504"}},
	} {
		// A machine with no time for the attacker ends it by the time limit: 504 before it has its memory.
		t.Run(attack.name, func(t *testing.T) {
			stop := make(chan struct{})
			var mu sync.Mutex
			outcomes := map[string]int{} // guarded by mu
			var attackers sync.WaitGroup
			for range 4 {
				attackers.Go(func() {
					for {
						outcome := j.attack(attack.try)
						mu.Lock()
						outcomes[outcome]++
						mu.Unlock()
						select {
						case <-stop:
							return
						default:
						}
					}
				})
			}
			took := j.visit(t, attack.name, 3*time.Second)
			came := func() bool {
				mu.Lock()
				defer mu.Unlock()
				return slices.ContainsFunc(attack.want, func(w string) bool { return outcomes[w] > 0 })
			}
			for end := time.Now().Add(patience); !came() && time.Now().Before(end); {
				time.Sleep(10 * time.Millisecond)
			}
			close(stop)
			attackers.Wait()
			if !came() {
				t.Errorf("the attack ended with %v, want one of %q", outcomes, attack.want)
			}
			t.Logf("%-22s %5d requests, p99 %v, %.1f of quiet; the attack: %v", attack.name, len(took), p99(took),
				float64(p99(took))/float64(p99(quiet)), outcomes)
		})
	}
	if fi, err := os.Stat(j.log); err != nil || fi.Size() > 64<<20 {
		t.Errorf("jpm's log: error %v, size %d, want at most 64 MiB", err, fi.Size())
	}
}

// visit asks the pool "php" for a page for some time, by two clients, and returns how long each answer took. Every answer must be right.
func (j *JPM) visit(t *testing.T, during string, d time.Duration) []time.Duration {
	t.Helper()
	var mu sync.Mutex
	var took []time.Duration // guarded by mu
	var failed []error       // guarded by mu
	var clients sync.WaitGroup
	end := time.Now().Add(d)
	for range 2 {
		clients.Go(func() {
			for time.Now().Before(end) {
				began := time.Now()
				a, err := j.site.deed("pid")
				if err == nil && (a.status() != "200" || a.body == "") {
					err = errors.New("status " + a.status())
				}
				mu.Lock()
				took = append(took, time.Since(began))
				if err != nil {
					failed = append(failed, err)
				}
				mu.Unlock()
			}
		})
	}
	clients.Wait()
	if len(failed) > 0 || len(took) == 0 {
		t.Errorf("while %s: %d of the neighbour's %d requests failed, the first: %v", during, len(failed), len(took), append(failed, nil)[0])
	}
	return took
}

// attack makes one request of an attacker. Its outcome is the status if it is an error.
func (j *JPM) attack(try string) string {
	a, err := ask(j.socket, page("/x", "try="+try))
	switch {
	case err != nil:
		return "broken off"
	case a.status() == "502":
		return Killed
	case a.status() != "200":
		return a.status()
	}
	return NativeOutcome(a.body)
}

// p99 is the 99th percentile.
func p99(took []time.Duration) time.Duration {
	slices.Sort(took)
	return took[len(took)*99/100].Round(10 * time.Microsecond)
}
