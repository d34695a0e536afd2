package status_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"jpm/pool"
	"jpm/status"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start is the time a synctest bubble begins at, so that ages come out round.
var start = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// sample is a snapshot in which every number differs from the others.
func sample() status.Snapshot {
	return status.Snapshot{
		Program:   "0.1.0",
		StartTime: start.Add(-3*time.Hour - 12*time.Minute),
		ProxyPID:  812,
		Pools: []pool.Snapshot{
			{
				Name:      "shop",
				Mode:      "static",
				Listen:    []string{"unix:/run/jpm/shop.sock", "tcp:127.0.0.1:9000"},
				Processes: pool.Processes{Active: 1, Idle: 2, Total: 4, Max: 5, MaxActive: 3, MaxChildrenReached: 6},
				Requests:  pool.Requests{Accepted: 1207, Served: 1199, Failed: 8, Stale: 9, Refused: 10},
				Queue:     pool.QueueState{Length: 11, MaxLength: 12, Limit: 200, Full: 13, Timeouts: 14, Abandoned: 15},
				States: map[pool.State]int{
					pool.Down: 1, pool.Starting: 0, pool.Idle: 2, pool.Busy: 1, pool.Stopping: 1, pool.Killing: 0,
				},
				Recycles:      map[pool.Reason]uint64{pool.ReasonMaxRequests: 16, pool.ReasonDenied: 17, pool.ReasonShutdown: 18},
				StartFailures: 19,
				Workers: []pool.Worker{
					{Slot: 0, Generation: 2, Pid: 4711, State: pool.Busy, Since: start.Add(-1500 * time.Millisecond), Requests: 7, LastReason: pool.ReasonMaxRequests},
					{Slot: 1, State: pool.Down, Since: start.Add(-50 * time.Hour), LastReason: pool.ReasonStartFailed},
					{Slot: 2, Generation: 1, Pid: 4712, State: pool.Idle, Since: start.Add(-90 * time.Second), Requests: 20},
				},
			},
			{Name: "blog", Mode: "static", Listen: []string{"unix:/run/jpm/blog.sock"}, Draining: true, Bugs: 21},
		},
		Incidents: map[string]status.Incidents{
			"shop": {
				Counts: map[status.Fence]uint64{status.Seccomp: 22, status.Scripts: 23},
				Last: []status.Incident{
					{
						Time: start.Add(-time.Minute), Pool: "shop", Worker: new(uint16), Pid: 4711, Layer: status.Seccomp, Action: status.Denied,
						Syscall: "kill", Arguments: "pid=1 sig=SIGKILL", Errno: "EPERM", Count: 1,
						Request: &status.Request{Method: "GET", URI: "/x?y", Script: "/srv/shop/x", Client: "192.0.2.7"},
					},
					{Time: start.Add(-time.Hour), Pool: "shop", Layer: status.Scripts, Action: status.Refused, Detail: "why", Count: 24},
				},
			},
		},
		ProxyJail: []status.Layer{
			{Layer: "identity", Setting: "uid 2", State: "enforced"},
			{Layer: "landlock", Setting: "UDP", State: "off", Why: "too old"},
		},
		Jails: map[string][]status.Layer{
			"shop": {
				{Layer: "network", Setting: "none", State: "enforced"},
				{Layer: "user namespace", Setting: "auto", State: "off", Why: "not allowed by the kernel"},
				{Layer: "landlock", Setting: "files", State: "partly", Why: "no truncate"},
			},
		},
	}
}

// get asks a handler and returns its answer.
func get(t *testing.T, h http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-want +got):\n%s", name, d)
	}
}

func TestJSON(t *testing.T) {
	w := get(t, status.Handler(sample), http.MethodGet, "/status.json")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("GET /status.json = %d %s, want 200 application/json", w.Code, w.Header().Get("Content-Type"))
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, w.Body.Bytes(), "", "  "); err != nil {
		t.Fatal(err)
	}
	golden(t, "status.json", pretty.Bytes())

	// What a program reads must be what there was: jpm status does that.
	var back status.Snapshot
	if err := json.Unmarshal(w.Body.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	want := sample()
	want.Version = status.SchemaVersion
	if d := cmp.Diff(want, back); d != "" {
		t.Errorf("snapshot read back (-want +got):\n%s", d)
	}
}

func TestJSONWithoutPools(t *testing.T) {
	w := get(t, status.Handler(func() status.Snapshot { return status.Snapshot{StartTime: start} }), http.MethodGet, "/status.json")
	want := `{"version":1,"program":"","start_time":"2000-01-01T00:00:00Z","proxy_pid":0,"pools":[],"jails":{},"proxy_jail":[],"incidents":{}}` + "\n"
	if got := w.Body.String(); got != want {
		t.Errorf("GET /status.json = %s, want %s", got, want)
	}
}

func TestPrint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sample()
		s.Pools[1].Name = "bl\x1b[31mog\n"
		var out bytes.Buffer
		if err := status.Print(&out, s); err != nil {
			t.Fatal(err)
		}
		if bytes.ContainsRune(out.Bytes(), 0x1b) {
			t.Error("an escape sequence reached the terminal")
		}
		golden(t, "status.txt", out.Bytes())
	})
}
