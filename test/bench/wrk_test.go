package main

import (
	"strings"
	"testing"
	"time"
)

const wrkGood = `Running 2s test @ http://127.0.0.1:18098/ok
  1 threads and 4 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    99.69us  242.57us   4.70ms   97.08%
    Req/Sec    53.66k     6.99k   65.41k    65.00%
  Latency Distribution
     50%   59.00us
     75%   89.00us
     90%  131.00us
     99%    1.20ms
  106713 requests in 2.00s, 12.01MB read
Requests/sec:  53316.83
Transfer/sec:      6.00MB
`

func TestParseWrk(t *testing.T) {
	tests := []struct {
		name, out string
		want      Load
	}{
		{"fast", wrkGood, Load{Requests: 106713, Rate: 53316.83, P50: 59 * time.Microsecond, P99: 1200 * time.Microsecond}},
		{"seconds", `Running 2s test @ http://127.0.0.1:18098/slow
  1 threads and 4 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.20s    24.75us   1.20s    50.00%
    Req/Sec     3.00      0.00     3.00    100.00%
  Latency Distribution
     50%    1.20s 
     75%    1.20s 
     90%    1.20s 
     99%    1.31s 
  4 requests in 2.00s, 472.00B read
Requests/sec:      2.00
Transfer/sec:     235.46B
`, Load{Requests: 4, Rate: 2, P50: 1200 * time.Millisecond, P99: 1310 * time.Millisecond}},
		{"minutes", strings.NewReplacer("59.00us", "1.50m", "1.20ms", "2.00m").Replace(wrkGood),
			Load{Requests: 106713, Rate: 53316.83, P50: 90 * time.Second, P99: 2 * time.Minute}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseWrk(tt.out)
			if err != nil || got != tt.want {
				t.Errorf("parseWrk() = %+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}

func TestParseWrkRefuses(t *testing.T) {
	insert := func(line string) string {
		return strings.Replace(wrkGood, "Requests/sec:", line+"\nRequests/sec:", 1)
	}
	without := func(piece string) string {
		var kept []string
		for _, line := range strings.Split(wrkGood, "\n") {
			if !strings.Contains(line, piece) {
				kept = append(kept, line)
			}
		}
		return strings.Join(kept, "\n")
	}
	tests := []struct{ name, out, want string }{
		{"other statuses", insert("  Non-2xx or 3xx responses: 38376"), "Non-2xx or 3xx responses: 38376"},
		{"socket errors", insert("  Socket errors: connect 0, read 1669, write 0, timeout 0"), "read 1669"},
		{"both", insert("  Socket errors: connect 0, read 1, write 0, timeout 0\n  Non-2xx or 3xx responses: 2"), "responses: 2"},
		{"no request", strings.NewReplacer("106713 requests", "0 requests", "53316.83", "0.00", "59.00us", "0.00us", "1.20ms", "0.00us").Replace(wrkGood), "not whole"},
		{"no median", without("50%   "), "not whole"},
		{"no p99", without("99%"), "not whole"},
		{"no requests", without("requests in"), "not whole"},
		{"no rate", without("Requests/sec"), "not whole"},
		{"nothing", "", "not whole"},
		{"a number that is none", strings.Replace(wrkGood, "53316.83", "-nan", 1), "invalid syntax"},
		{"not a number", strings.Replace(wrkGood, "53316.83", "nan", 1), "not whole"},
		{"a duration that is none", strings.Replace(wrkGood, "1.20ms", "1.20", 1), "1.20"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseWrk(tt.out)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("parseWrk() = %+v, %v, want an error with %q", got, err, tt.want)
			}
		})
	}
}
