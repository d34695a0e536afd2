package status_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"jpm/pool"
	"jpm/status"
)

// metrics returns every series of a scrape with its value.
func metrics(t *testing.T, h http.Handler) map[string]float64 {
	t.Helper()
	w := get(t, h, http.MethodGet, "/metrics")
	if w.Code != http.StatusOK {
		t.Fatalf("GET /metrics = %d: %s", w.Code, w.Body)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	series := map[string]float64{}
	for name, f := range families {
		for _, m := range f.Metric {
			labels := []string{name}
			for _, l := range m.Label {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			v := m.GetGauge().GetValue()
			if m.Counter != nil {
				v = m.GetCounter().GetValue()
			}
			series[strings.Join(labels, " ")] = v
		}
	}
	return series
}

func TestMetrics(t *testing.T) {
	got := metrics(t, status.Handler(sample))
	want := map[string]float64{
		"jpm_build_info version=0.1.0":                               1,
		"jpm_start_time_seconds":                                     946673280,
		"jpm_workers pool=shop state=idle":                           2,
		"jpm_workers pool=shop state=killing":                        0,
		"jpm_workers pool=blog state=down":                           0,
		"jpm_workers_max pool=shop":                                  5,
		"jpm_workers_active_peak pool=shop":                          3,
		"jpm_workers_max_reached_total pool=shop":                    6,
		"jpm_worker_start_failures_total pool=shop":                  19,
		"jpm_worker_recycles_total pool=shop reason=max-requests":    16,
		"jpm_worker_recycles_total pool=shop reason=denied":          17,
		"jpm_worker_recycles_total pool=blog reason=exited":          0,
		"jpm_requests_accepted_total pool=shop":                      1207,
		"jpm_requests_served_total pool=shop":                        1199,
		"jpm_requests_failed_total pool=shop":                        8,
		"jpm_stale_connections_total pool=shop":                      9,
		"jpm_requests_rejected_total pool=shop reason=closing":       10,
		"jpm_requests_rejected_total pool=shop reason=queue-full":    13,
		"jpm_requests_rejected_total pool=shop reason=queue-timeout": 14,
		"jpm_requests_rejected_total pool=shop reason=client-left":   15,
		"jpm_queue_length pool=shop":                                 11,
		"jpm_queue_length_peak pool=shop":                            12,
		"jpm_queue_limit pool=shop":                                  200,
		"jpm_incidents_total layer=seccomp pool=shop":                22,
		"jpm_incidents_total layer=cgroup pool=shop":                 0,
		"jpm_incidents_total layer=scripts pool=blog":                0,
		"jpm_bugs_total pool=blog":                                   21,
		"jpm_jail_layers pool=shop state=enforced":                   1,
		"jpm_jail_layers pool=shop state=partly":                     1,
		"jpm_jail_layers pool=shop state=off":                        1,
	}
	for series, v := range want {
		if g, ok := got[series]; !ok || g != v {
			t.Errorf("%s = %v (there: %v), want %v", series, g, ok, v)
		}
	}
}

func TestMetricsLint(t *testing.T) {
	w := get(t, status.Handler(sample), http.MethodGet, "/metrics")
	problems, err := promlint.New(w.Body).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestMetricsOpenMetrics(t *testing.T) {
	w := get(t, status.Handler(sample), http.MethodGet, "/metrics", "Accept", "application/openmetrics-text; version=1.0.0")
	if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, "application/openmetrics-text") {
		t.Errorf("Content-Type = %q, want OpenMetrics", got)
	}
	if !strings.HasSuffix(w.Body.String(), "# EOF\n") {
		t.Error("the answer has no end")
	}
}

// TestMetricsOfGonePool looks for series of a pool that was there at the scrape before.
func TestMetricsOfGonePool(t *testing.T) {
	s := sample()
	h := status.Handler(func() status.Snapshot { return s })
	count := func() int {
		n := 0
		for series := range metrics(t, h) {
			if strings.Contains(series, "pool=blog") {
				n++
			}
		}
		return n
	}
	if count() == 0 {
		t.Fatal("no series of pool blog")
	}
	s.Pools = s.Pools[:1]
	if n := count(); n != 0 {
		t.Errorf("%d series of a pool that is gone", n)
	}
}

func TestMetricsOfHostileName(t *testing.T) {
	s := sample()
	s.Pools = []pool.Snapshot{{Name: "a\"b\\c\nd\xff{}"}}
	got := metrics(t, status.Handler(func() status.Snapshot { return s }))
	if _, ok := got["jpm_queue_length pool=a\"b\\c\nd\uFFFD{}"]; !ok {
		t.Errorf("no series for the hostile name in %v", got)
	}
}
