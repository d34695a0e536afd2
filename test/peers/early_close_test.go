//go:build integration

package peers

import (
	"strings"
	"testing"

	"jpm/fcgi"
)

// TestWorkerClosesEarly: uWSGI closes its connection behind every answer, whatever KEEP_CONN says, and the relay cannot know when. A request that comes
// meanwhile is sent again if that does no harm; one that may not be sent twice can be lost, and is told so. The pool that knows its workers does not use
// a connection twice, as TestWorkers shows.
func TestWorkerClosesEarly(t *testing.T) {
	var uwsgi peer
	for _, p := range peerWorkers {
		if strings.HasPrefix(p.name, "uWSGI") {
			uwsgi = p
		}
	}
	socket := socketPath(openDir(t), 0)
	pid, script := uwsgi.start(t, socket)
	w := lend(t, map[string]int{socket: pid})
	r := serve(t, w)
	c := dial(t, r.unix)
	lost := 0
	const n = 300
	for range n {
		c.send(request(1, script, "GET", "", ""))
		c.reply(1).wantBody(t, "GET", "GET ")
		c.send(request(2, script, "POST", "", "a body"))
		if got := c.reply(2); strings.HasPrefix(got.stdout, "Status: 502") {
			lost++
		} else {
			got.wantBody(t, "POST", "POST a body")
		}
	}
	count := map[fcgi.Outcome]int{}
	for _, o := range w.outcomes() {
		count[o]++
	}
	t.Logf("%d of %d requests that may not be sent twice were lost; outcomes %v", lost, n, count)
	if count[fcgi.Stale]+count[fcgi.Lost] == 0 {
		t.Errorf("the worker has kept its connections: outcomes %v", count)
	}
	if count[fcgi.Violation] > 0 {
		t.Errorf("outcomes %v", count)
	}
}
