package link

import (
	"bytes"
	"errors"
	"io"
	"math/bits"
	"os"
	"strings"
	"syscall"
	"testing"
)

// samples holds one message of each kind with every field it may carry.
func samples() []Message {
	w := Worker{Pool: 3, Slot: 7, Gen: 1 << 40}
	return []Message{
		{Kind: Config}, {Kind: Listener, Worker: Worker{Pool: 3}}, {Kind: StatusListener}, {Kind: Begin}, {Kind: Ready},
		{Kind: Start, Worker: w}, {Kind: Started, Worker: w, Pid: 4711}, {Kind: StartFailed, Worker: w, Text: "mount /usr: no such file"},
		{Kind: Dial, Worker: w}, {Kind: Dialed, Worker: w}, {Kind: DialFailed, Worker: w, Text: "gone"},
		{Kind: Term, Worker: w}, {Kind: Kill, Worker: w},
		{Kind: Exited, Worker: w, Code: 255}, {Kind: Exited, Worker: w, Signal: syscall.SIGSYS, Core: true, Text: "ptrace"},
		{Kind: Exited, Worker: w, Signal: syscall.SIGKILL, OOM: true, Refused: 1<<30 - 1}, {Kind: Started, Worker: w, Pid: 7, Gauges: PidsEvents},
		{Kind: Started, Worker: w, Pid: 7, Gauges: allGauges},
		{Kind: Denied, Worker: w, Denial: Denial{Time: 1<<62 + 5, Count: 1, Errno: "EPERM", Call: "kill", Args: "pid=1 sig=SIGKILL"}},
		{Kind: Denied, Worker: w, Denial: Denial{Time: -1, Count: 1<<32 - 1}},
		{Kind: LogFile}, {Kind: IncidentFile}, {Kind: Drain},
	}
}

func TestRoundTrip(t *testing.T) {
	master, f, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	proxy, err := Open(f, Proxy)
	f.Close()
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	seen := map[Kind]bool{}
	for _, want := range samples() {
		seen[want.Kind] = true
		r := rules[want.Kind]
		var files []*os.File
		for range r.files + bits.OnesCount8(uint8(want.Gauges)) {
			pr, pw, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			pw.Close()
			defer pr.Close()
			files = append(files, pr)
		}
		from, to := master, proxy
		if r.from == Proxy {
			from, to = proxy, master
		}
		if err := from.Send(want, files...); err != nil {
			t.Fatal(err)
		}
		got, gotFiles, err := to.Receive()
		if err != nil || got != want || len(gotFiles) != len(files) {
			t.Errorf("Receive() = %+v, %d files, %v, want %+v, %d files", got, len(gotFiles), err, want, len(files))
		}
		closeAll(gotFiles)
	}
	for k := Config; k < numKinds; k++ {
		if !seen[k] {
			t.Errorf("no sample of %v", k)
		}
		if rules[k].from == 0 {
			t.Errorf("no rule for %v", k)
		}
	}
	master.Close()
	if _, _, err := proxy.Receive(); !errors.Is(err, io.EOF) {
		t.Errorf("Receive() after close = %v, want EOF", err)
	}
}

func TestHostilePackets(t *testing.T) {
	start := Message{Kind: Start, Worker: Worker{Pool: 1}}
	good := start.append(nil)
	patch := func(i int, b byte) []byte {
		p := bytes.Clone(good)
		p[i] = b
		return p
	}
	for _, tt := range []struct {
		name  string
		b     []byte
		files int
	}{
		{"empty", nil, 0},
		{"short", good[:headSize-1], 0},
		{"long", append(bytes.Clone(good), make([]byte, MaxText+1)...), 0},
		{"kind 0", patch(0, 0), 0},
		{"kind out of range", patch(0, byte(numKinds)), 0},
		{"wrong direction", patch(0, byte(Started)), 2},
		{"descriptor", good, 1},
		{"values", patch(24, 1), 0},
		{"text", append(bytes.Clone(good), 'x'), 0},
		{"ready with a worker", patch(0, byte(Ready)), 0},
	} {
		if m, err := decode(tt.b, tt.files, Proxy); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: decode() = %+v, %v, want ErrMalformed", tt.name, m, err)
		}
	}
}

func TestLongTextIsCut(t *testing.T) {
	m := Message{Kind: StartFailed, Text: string(make([]byte, MaxText*2))}
	got, err := decode(m.append(nil), 0, Master)
	if err != nil || len(got.Text) != MaxText {
		t.Errorf("decode() = %d bytes of text, %v, want %d", len(got.Text), err, MaxText)
	}
}

func TestMalformedDenials(t *testing.T) {
	good := Message{Kind: Denied, Denial: Denial{Count: 1, Errno: "EPERM", Call: "kill", Args: strings.Repeat("x", 2*MaxText)}}
	m, err := decode(good.append(nil), 0, Master)
	if want := MaxText - len("EPERM kill "); err != nil || len(m.Denial.Args) != want {
		t.Errorf("decode() = %d bytes of arguments, %v, want %d", len(m.Denial.Args), err, want)
	}
	for _, d := range []Denial{{}, {Count: 1, Errno: "a\x00b"}, {Count: 1, Args: "a\x00"}} {
		bad := Message{Kind: Denied, Denial: d}
		if m, err := decode(bad.append(nil), 0, Master); !errors.Is(err, ErrMalformed) {
			t.Errorf("decode(%+v) = %+v, %v, want ErrMalformed", d, m, err)
		}
	}
}

// FuzzDecode: whatever decode accepts encodes to the same bytes again.
func FuzzDecode(f *testing.F) {
	for _, m := range samples() {
		f.Add(m.append(nil), rules[m.Kind].files, rules[m.Kind].from == Proxy)
	}
	f.Fuzz(func(t *testing.T, b []byte, files int, fromProxy bool) {
		from := Master
		if fromProxy {
			from = Proxy
		}
		m, err := decode(b, files, from)
		if err != nil {
			return
		}
		if again := m.append(nil); !bytes.Equal(again, b) {
			t.Errorf("%+v encodes to %x, came from %x", m, again, b)
		}
	})
}
