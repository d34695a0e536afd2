package fcgi

import (
	"strings"
	"testing"
)

func TestLocalScript(t *testing.T) {
	long := strings.Repeat("/directory", 20) + "/a.php"
	wide := func(name, value string) string { // both lengths in four bytes
		b := pairs(strings.Repeat("n", 128), strings.Repeat("v", 128))
		return b[:3] + string(byte(len(name))) + b[4:7] + string(byte(len(value))) + name + value
	}
	tests := []struct{ name, in, want string }{
		{"none", pairs("A", "b"), pairs("A", "b")},
		{"plain", pairs("SCRIPT_FILENAME", "/srv/a.php", "HTTP_A", "proxy:fcgi://h/b"), pairs("SCRIPT_FILENAME", "/srv/a.php", "HTTP_A", "proxy:fcgi://h/b")},
		{"port", pairs("A", "b", "SCRIPT_FILENAME", "proxy:fcgi://127.0.0.1:9000/srv/a.php", "C", "d"), pairs("A", "b", "SCRIPT_FILENAME", "/srv/a.php", "C", "d")},
		{"socket", pairs("SCRIPT_FILENAME", "proxy:fcgi://localhost//srv/a.php"), pairs("SCRIPT_FILENAME", "//srv/a.php")},
		{"balancer", pairs("SCRIPT_FILENAME", "proxy:balancer://site/srv/a.php"), pairs("SCRIPT_FILENAME", "/srv/a.php")},
		{"once", pairs("SCRIPT_FILENAME", "proxy:fcgi://h/proxy:fcgi://h/a.php"), pairs("SCRIPT_FILENAME", "/proxy:fcgi://h/a.php")},
		{"twice", pairs("SCRIPT_FILENAME", "proxy:fcgi://h/a", "SCRIPT_FILENAME", "proxy:fcgi://h/b"), pairs("SCRIPT_FILENAME", "/a", "SCRIPT_FILENAME", "/b")},
		{"no path", pairs("SCRIPT_FILENAME", "proxy:fcgi://h:1"), pairs("SCRIPT_FILENAME", "proxy:fcgi://h:1")},
		{"other scheme", pairs("SCRIPT_FILENAME", "proxy:http://h/a"), pairs("SCRIPT_FILENAME", "proxy:http://h/a")},
		{"not at the begin", pairs("SCRIPT_FILENAME", "/proxy:fcgi://h/a"), pairs("SCRIPT_FILENAME", "/proxy:fcgi://h/a")},
		{"wide", wide("SCRIPT_FILENAME", "proxy:fcgi://h/srv/a.php") + pairs("C", "d"), wide("SCRIPT_FILENAME", "/srv/a.php") + pairs("C", "d")},
		{"long", pairs("SCRIPT_FILENAME", "proxy:fcgi://h"+long, "C", "d"), pairs("SCRIPT_FILENAME", long, "C", "d")},
		{"broken", pairs("SCRIPT_FILENAME", "/a", "A", "proxy:") + "\x7f", pairs("SCRIPT_FILENAME", "/a", "A", "proxy:") + "\x7f"},
	}
	for _, tt := range tests {
		if got := string(localScript([]byte(tt.in))); got != tt.want {
			t.Errorf("%s: localScript(%q) = %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
}

// TestApacheScript: whoever picks the worker and the worker see one path, and no piece of the address.
func TestApacheScript(t *testing.T) {
	sent := make(chan []byte, 1)
	l := scripted(t, 1, func(w *worker, _ int) {
		sent <- w.request()
		w.say(page(1, "fine"))
	})
	var saw string
	pick := l.pick
	path := listen(t, &Proxy{Pick: func(r *Request) (Upstream, Waiter, error) {
		saw = r.Script()
		return pick(r)
	}})
	c := dial(t, path)
	params := pairs("REQUEST_METHOD", "GET", "SCRIPT_FILENAME", "proxy:fcgi://127.0.0.1:9000/srv/a.php")
	c.send(begin(1, Responder, 0), rec(recParams, 1, params), rec(recParams, 1, ""), rec(recStdin, 1, ""))
	readAnswer(c, 1)
	if got := string(<-sent); saw != "/srv/a.php" || strings.Contains(got, "proxy:") || !strings.Contains(got, "SCRIPT_FILENAME/srv/a.php") {
		t.Errorf("picked for %q, sent %q", saw, got)
	}
}
