package fcgi

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
)

// table is what the proxy must do, as bytes. The rows are in the files conformance_*_test.go, play_test.go plays them.
var table = slices.Concat(recordRows, requestRows, multiplexRows, inputRows, framingRows, stateRows, clientRows, workerRows)

// TestConformance plays every row.
func TestConformance(t *testing.T) {
	for i := range table {
		r := &table[i]
		name := r.of + "/" + r.name
		if !r.both() {
			t.Run(name, func(t *testing.T) { r.perform(t, flagKeep) })
			continue
		}
		t.Run(name, func(t *testing.T) { r.perform(t, 0) })
		t.Run(name+", kept", func(t *testing.T) { r.perform(t, flagKeep) })
	}
}

// item is something that the table shows: a rule of the specification, with its section, a state that the specification does not mention, or a
// program with habits.
type item struct {
	of, section, text string
	elsewhere         string // the test that shows what no bytes can: file and function
}

// checklist is all of it.
var checklist = []item{
	{of: "1", section: "2.2", text: "a worker has its listening socket as descriptor 0", elsewhere: "../test/worker_start_test.go TestWorkerStart"},
	{of: "2", section: "2.1", text: "a worker's first argument is its program", elsewhere: "../test/worker_start_test.go TestWorkerStart"},
	{of: "3", section: "3.2", text: "a worker with FCGI_WEB_SERVER_ADDRS would refuse the proxy", elsewhere: "../test/worker_start_test.go TestWorkerStart"},
	{of: "4", section: "3.3", text: "0 to 255 bytes of padding are skipped, on every type"},
	{of: "5", section: "3.3", text: "alignment to 8 bytes is a recommendation"},
	{of: "6", section: "3.3", text: "records of an inactive id are ignored, but BEGIN_REQUEST"},
	{of: "7", section: "3.3", text: "id 0 is for management records only"},
	{of: "8", section: "3.3", text: "the version is 1"},
	{of: "9", section: "3.3", text: "a stream does not depend on how it is cut into records"},
	{of: "10", section: "3.4", text: "lengths take one byte or four, and must fit"},
	{of: "11", section: "3.5", text: "without KEEP_CONN the application closes behind END_REQUEST, with it the web server does"},
	{of: "12", section: "3.5", text: "the web server may close when no request is active"},
	{of: "13", section: "4.1", text: "GET_VALUES is answered at any time, with the known names that it asks for"},
	{of: "14", section: "4.1", text: "GET_VALUES needs no worker"},
	{of: "15", section: "4.2", text: "UNKNOWN_TYPE answers a management record of an unknown type"},
	{of: "16", section: "4.2", text: "an unknown type on another id is ignored"},
	{of: "17", section: "5.1", text: "END_REQUEST with UNKNOWN_ROLE answers an unknown role"},
	{of: "18", section: "5.1", text: "only one flag means anything"},
	{of: "19", section: "5.2", text: "PARAMS ends with an empty record before anything else begins"},
	{of: "20", section: "5.4", text: "ABORT_REQUEST is answered with END_REQUEST soon, also for a request that waits"},
	{of: "21", section: "5.4", text: "a client may abort by closing"},
	{of: "22", section: "5.5", text: "several requests at once, or CANT_MPX_CONN"},
	{of: "23", section: "5.5", text: "overload"},
	{of: "24", section: "", text: "BEGIN_REQUEST with the id of an active request"},
	{of: "25", section: "6.1", text: "streams but STDERR end with one empty record"},
	{of: "26", section: "6.1", text: "STDOUT and STDERR may interleave"},
	{of: "27", section: "6.1", text: "no NUL in parameters"},
	{of: "28", section: "6.1", text: "a status is a header line"},
	{of: "29", section: "6.2", text: "STDIN has as many bytes as CONTENT_LENGTH says"},
	{of: "30", section: "6.2", text: "an answer may begin before STDIN is over"},
	{of: "31", section: "6.3", text: "an Authorizer has no STDIN"},
	{of: "32", section: "6.4", text: "a Filter has STDIN and then DATA"},
	{of: "33", section: "7", text: "what a worker's end means", elsewhere: "../pool/machine_test.go TestEndReason"},
	{of: "34", section: "A", text: "each type has one direction"},

	{of: "state closed before END", text: "the client closes behind the empty STDOUT, as nginx does: no abort"},
	{of: "state closed after END", text: "the worker closes behind END_REQUEST"},
	{of: "state closed instead of BEGIN", text: "the worker closes instead of reading the next request"},
	{of: "state END in STDIN", text: "the answer is over while the client still sends"},
	{of: "state second END", text: "a worker ends an answer twice"},

	{of: "nginx"}, {of: "Apache"}, {of: "Caddy"}, {of: "HAProxy"}, {of: "lighttpd"}, {of: "gofast"}, {of: "mod_fcgid"}, {of: "cgi-fcgi"}, {of: "fcgi.inc"},
	{of: "php-cgi"}, {of: "libfcgi"}, {of: "flup"}, {of: "Go"}, {of: "Rust"}, {of: "uWSGI"}, {of: "any worker"},
	{of: "policy", text: "what jpm refuses for its own reasons"},
}

// TestChecklist wants each item in the table, or a test elsewhere that is there.
func TestChecklist(t *testing.T) {
	rows := map[string]int{}
	for _, r := range table {
		rows[r.of]++
	}
	for _, c := range checklist {
		n := rows[c.of]
		delete(rows, c.of)
		if c.elsewhere == "" {
			if n == 0 {
				t.Errorf("%s has no row: %s", c.of, c.text)
			}
			continue
		}
		file, name, _ := strings.Cut(c.elsewhere, " ")
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), "\nfunc "+name+"(t *testing.T)") {
			t.Errorf("%s: no test %s in %s: %v", c.of, name, file, err)
		}
	}
	for of, n := range rows {
		t.Errorf("%d rows show %q, which is not on the list", n, of)
	}
	seen := map[string]bool{}
	for _, r := range table {
		if name := r.of + "/" + r.name; seen[name] {
			t.Errorf("two rows %s", name)
		} else {
			seen[name] = true
		}
	}
}

// TestRecords compares what the table's rows are made of with the bytes of the specification, so that they do not share a mistake with the proxy.
func TestRecords(t *testing.T) {
	tests := []struct {
		name      string
		got, want []byte
	}{
		{"a record", rec(recStdout, 0x102, "abc", 2), x("01 06 0102 0003 02 00", "abc", "eeee")},
		{"BEGIN_REQUEST", begin(0x102, Filter, 1), x("01 01 0102 0008 00 00  0003 01 0000000000")},
		{"END_REQUEST", end(0x102, 0x3040506, 3), x("01 03 0102 0008 00 00  03040506 03 000000")},
		{"pairs", []byte(pairs("A", "", "B", strings.Repeat("b", 128))), x("01 00", "A", "01 80000080", "B"+strings.Repeat("b", 128))},
		{"a GET", get(1, 0), x("01 01 0001 0008 00 00  0001 00 0000000000  01 04 0001 002e 00 00  0e03", "REQUEST_METHODGET", "0f0a",
			"SCRIPT_FILENAME/srv/a.php", "01 04 0001 0000 00 00  01 05 0001 0000 00 00")},
		{"a page", page(1, "ok"), x("01 06 0001 001e 00 00", "Content-Type: text/plain\r\n\r\nok", "01 03 0001 0008 00 00  00000000 00 000000")},
	}
	for _, tt := range tests {
		if !bytes.Equal(tt.got, tt.want) {
			t.Errorf("%s: %s, want %s", tt.name, show(tt.got), show(tt.want))
		}
	}
}
