//go:build integration

package peers

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"
)

// question is a request in its parts.
type question struct{ name, params, stdin string }

// questions are requests for a script that says all it was told.
func questions(root string) []question {
	ask := func(name, method, stdin, kind string, more ...string) question {
		script := root + "/differ.php"
		params := append([]string{
			"REDIRECT_STATUS", "200", "REQUEST_METHOD", method, "SCRIPT_FILENAME", script, "SCRIPT_NAME", "/differ.php",
			"QUERY_STRING", "a=1&b[]=2", "REQUEST_URI", "/differ.php?a=1&b[]=2", "SERVER_PROTOCOL", "HTTP/1.1",
			"CONTENT_TYPE", kind, "HTTP_COOKIE", "c=d; e=f",
		}, more...)
		if stdin != "" {
			params = append(params, "CONTENT_LENGTH", strconv.Itoa(len(stdin)))
		}
		return question{name, pairs(params...), stdin}
	}
	return []question{
		ask("GET", "GET", "", ""),
		ask("HEAD", "HEAD", "", ""),
		ask("form", "POST", "x=1&y=caf%C3%A9&z=", "application/x-www-form-urlencoded"),
		ask("bytes", "PUT", "\x00\x01\xff\r\n\r\n"+strings.Repeat("jpm", 30), "application/octet-stream"),
		ask("long value", "POST", "{}", "application/json", "HTTP_LONG", strings.Repeat("v", 200), "HTTP_EMPTY", ""),
	}
}

// records is a question on the wire, with PARAMS and STDIN each cut into records at an offset; 0 and what is beyond the end mean no cut.
func (q question) records(id uint16, params, stdin int) string {
	s := begin(id, responder)
	for _, part := range []struct {
		kind    byte
		content string
		at      int
	}{{paramsRecord, q.params, params}, {stdinRecord, q.stdin, stdin}} {
		if part.at > 0 && part.at < len(part.content) {
			s += record(part.kind, id, part.content[:part.at])
			part.content = part.content[part.at:]
		}
		s += stream(part.kind, id, part.content, 65535)
	}
	return s
}

// same fails the test unless two answers are the same to the byte, but for what php-cgi leaves in reserved bytes, which the relay clears.
func same(t *testing.T, what string, relayed, direct reply) {
	t.Helper()
	if direct.err != nil || len(direct.end) != 8 {
		t.Fatalf("%s, direct: %+v", what, direct)
	}
	if relayed.err != nil || relayed.stdout != direct.stdout || relayed.end != direct.end[:5]+"\x00\x00\x00" {
		t.Fatalf("%s: relayed %q %q %v\ndirect %q %q", what, relayed.stdout, relayed.end, relayed.err, direct.stdout, direct.end)
	}
}

// TestDifferential asks php-cgi directly and through the relay, and wants the same bytes, however the client cuts its records, and however its bytes
// arrive.
func TestDifferential(t *testing.T) {
	root := site(t)
	dir := openDir(t)
	need(t, "php-cgi")
	alone, behind := socketPath(dir, 0), socketPath(dir, 1)
	phpWorker(t, alone)
	w := lend(t, map[string]int{behind: phpWorker(t, behind)})
	direct, relayed := dial(t, alone), dial(t, serve(t, w).unix)
	for _, q := range questions(root) {
		t.Run(q.name, func(t *testing.T) {
			direct.send(q.records(1, 0, 0))
			want := direct.reply(1)
			if !strings.Contains(want.stdout, "Status: 201") {
				t.Fatalf("%+v", want)
			}
			for at := range len(q.params) {
				relayed.send(q.records(1, at, 0))
				same(t, fmt.Sprintf("PARAMS cut at %d", at), relayed.reply(1), want)
			}
			for at := range len(q.stdin) {
				relayed.send(q.records(1, 0, at))
				same(t, fmt.Sprintf("STDIN cut at %d, relayed", at), relayed.reply(1), want)
				direct.send(q.records(1, 0, at))
				got := direct.reply(1)
				if got.stdout != want.stdout {
					t.Fatalf("STDIN cut at %d, direct: %+v", at, got)
				}
			}
			all := q.records(1, 0, 0)
			for at := 1; at < len(all); at++ {
				if at%7 > 0 && at > 40 && at < len(all)-40 {
					continue // all of BEGIN_REQUEST and of the ends, and every seventh between
				}
				_, _ = io.WriteString(relayed, all[:at])
				time.Sleep(500 * time.Microsecond)       // the relay reads the piece before the rest is there
				_, _ = io.WriteString(relayed, all[at:]) // php-cgi may have answered before the end of STDIN
				same(t, fmt.Sprintf("bytes cut at %d", at), relayed.reply(1), want)
			}
		})
	}
	w.wantNoHarm(t)
}

// TestDifferentialLarge does so with answers and input that take many records.
func TestDifferentialLarge(t *testing.T) {
	root, dir := site(t), openDir(t)
	need(t, "php-cgi")
	alone, behind := socketPath(dir, 0), socketPath(dir, 1)
	phpWorker(t, alone)
	w := lend(t, map[string]int{behind: phpWorker(t, behind)})
	direct, relayed := dial(t, alone), dial(t, serve(t, w).unix)
	stdin := strings.Repeat("0123456789abcdef", 20_000)
	q := question{"", pairs("REDIRECT_STATUS", "200", "REQUEST_METHOD", "PUT", "SCRIPT_FILENAME", root+"/differ.php",
		"CONTENT_LENGTH", strconv.Itoa(len(stdin))), stdin}
	direct.send(q.records(1, 0, 0))
	want := direct.reply(1)
	for _, at := range []int{1, 7, 8, 8191, 8192, 16384, 32767, 32768, 65527, 65528, 65535} {
		relayed.send(q.records(1, 0, at))
		same(t, fmt.Sprintf("STDIN cut at %d", at), relayed.reply(1), want)
		s := begin(2, responder) + stream(paramsRecord, 2, q.params, 65535) + stream(stdinRecord, 2, q.stdin, max(at, 100))
		relayed.send(s)
		same(t, fmt.Sprintf("STDIN in records of %d", max(at, 100)), relayed.reply(2), want)
	}
	w.wantNoHarm(t)
}
