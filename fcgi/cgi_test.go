package fcgi

import (
	"errors"
	"testing"
)

func TestHeaderEnd(t *testing.T) {
	tests := []struct {
		in   string
		want int
	}{
		{"", -1}, {"A: b", -1}, {"A: b\n", -1}, {"A: b\r\n", -1}, {"A: b\r\n\r", -1}, {"A: b\n\r\r\n", -1},
		{"A: b\n\n", 6}, {"A: b\r\n\r\nx", 8}, {"A: b\r\n\nx", 7}, {"A: b\n\r\nx", 7}, {"A: b\nC: d\n\n\n\n", 11},
	}
	for _, tt := range tests {
		if got := headerEnd([]byte(tt.in), 0); got != tt.want {
			t.Errorf("headerEnd(%q) = %d, want %d", tt.in, got, tt.want)
		}
		for from := range len(tt.in) {
			if headerEnd([]byte(tt.in[:from]), 0) >= 0 {
				break
			}
			if got := headerEnd([]byte(tt.in), from); got != tt.want {
				t.Errorf("headerEnd(%q, %d) = %d, want %d", tt.in, from, got, tt.want)
			}
		}
	}
}

func TestCheckHeader(t *testing.T) {
	tests := []struct {
		in, out string
		status  int // 0: an error
		dropped int
	}{
		{"A: b\n\n", "A: b\n\n", 200, 0},
		{"Status: 404 Not Found\r\nA: b\r\n\r\n", "Status: 404 Not Found\r\nA: b\r\n\r\n", 404, 0},
		{"status:503\n\n", "status:503\n\n", 503, 0},
		{"Location: /x\n\n", "Location: /x\n\n", 302, 0},
		{"Location: /x\nStatus: 201 Created\n\n", "Location: /x\nStatus: 201 Created\n\n", 201, 0},
		{"A: caf\xc3\xa9\t!\n\n", "A: caf\xc3\xa9\t!\n\n", 200, 0},
		{"A:\n\n", "A:\n\n", 200, 0},
		{"X-Accel-Redirect: /a\nA: b\n\n", "A: b\n\n", 200, 1},
		{"A: b\nx-accel-limit-rate: 1\nX-ACCEL-Expires: 0\nC: d\n\n", "A: b\nC: d\n\n", 200, 2},
		{"A: b\r\nX-Sendfile: /etc/passwd\r\nX-Sendfile2: x\r\nX-LIGHTTPD-send-file: y\r\n\r\n", "A: b\r\n\r\n", 200, 3},
		{"X-Accel-Buffering: no\nX-Accel: a\nX-Send: b\n\n", "X-Accel-Buffering: no\nX-Accel: a\nX-Send: b\n\n", 200, 0},
		{"\n", "", 0, 0},
		{"no colon\n\n", "", 0, 0},
		{": no name\n\n", "", 0, 0},
		{"A b: c\n\n", "", 0, 0},
		{"A: b\n folded\n\n", "", 0, 0},
		{"A: b\x00\n\n", "", 0, 0},
		{"A: b\x1b[2J\n\n", "", 0, 0},
		{"A: b\rC: d\n\n", "", 0, 0},
		{"A\x80: b\n\n", "", 0, 0},
		{"Status: 20\n\n", "", 0, 0},
		{"Status: 2000\n\n", "", 0, 0},
		{"Status: 099 x\n\n", "", 0, 0},
		{"Status: ok\n\n", "", 0, 0},
	}
	for _, tt := range tests {
		out, h, err := checkHeader([]byte(tt.in))
		if tt.status == 0 {
			if !errors.Is(err, errHeader) {
				t.Errorf("checkHeader(%q) = %v, want an error", tt.in, err)
			}
			continue
		}
		if err != nil || string(out) != tt.out || h.status != tt.status || h.dropped != tt.dropped {
			t.Errorf("checkHeader(%q) = %q, %+v, %v, want %q, status %d, %d dropped", tt.in, out, h, err, tt.out, tt.status, tt.dropped)
		}
	}
}
