package pool

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// allFacts are the eight situations a cell can be asked in.
func allFacts() []facts {
	var all []facts
	for i := range 8 {
		all = append(all, facts{want: i&1 != 0, retiring: i&2 != 0, leased: i&4 != 0})
	}
	return all
}

func TestEveryCell(t *testing.T) {
	for s := range numStates {
		for e := range numEvents {
			c := lifeCycle[s][e]
			if c == nil {
				t.Errorf("no cell for %s in %s", e, s)
				continue
			}
			for _, f := range allFacts() {
				got := c(f)
				if got.to >= numStates {
					t.Errorf("%s in %s with %+v leads to state %d", e, s, f, got.to)
				}
				if got.bug && got.to != s {
					t.Errorf("%s in %s with %+v is a bug, yet leads to %s", e, s, f, got.to)
				}
				for i, a := range got.do {
					if a >= numActions {
						t.Errorf("%s in %s with %+v asks for action %d", e, s, f, a)
					}
					if a != noAction && i > 0 && got.do[i-1] == noAction {
						t.Errorf("%s in %s with %+v: %s comes after the end of the list", e, s, f, a)
					}
				}
			}
		}
	}
}

// TestTableRules checks what must hold in every cell, whatever else the table says.
func TestTableRules(t *testing.T) {
	for s := range numStates {
		for e := range numEvents {
			for _, f := range allFacts() {
				// A lease exists only in busy.
				if f.leased && s != Busy {
					continue
				}
				got := lifeCycle[s][e](f)
				has := func(a action) bool {
					for _, b := range got.do {
						if a == b {
							return true
						}
					}
					return false
				}
				where := fmt.Sprintf("%s in %s with %+v", e, s, f)
				if got.to == Killing && s != Killing && !has(actKill) {
					t.Errorf("%s: killing without a kill", where)
				}
				if got.to == Stopping && s != Stopping && !has(actTerm) {
					t.Errorf("%s: stopping without a term", where)
				}
				if got.to == Starting && s != Starting && !has(actStart) {
					t.Errorf("%s: starting without a start", where)
				}
				if has(actStart) && (s != Down || !f.want) {
					t.Errorf("%s: a start that nobody wants or while a process is there", where)
				}
				endsLease := e == evRelease || e == evReconnect || e == evLost || e == evViolation
				if s == Busy && f.leased && got.to != Busy && !endsLease && !has(actFail) {
					t.Errorf("%s: a lease on a worker that is gone", where)
				}
				if (s == Idle || s == Busy) && got.to != Idle && got.to != Busy && e != evDialFailed && !has(actClose) {
					t.Errorf("%s: a connection is left", where)
				}
				if s == Busy && got.to == Idle && f.retiring {
					t.Errorf("%s: a retirement is forgotten", where)
				}
				if e == evExited && s != Down && got.to != Down {
					t.Errorf("%s: an ended process in state %s", where, got.to)
				}
			}
		}
	}
}

// TestDocTable compares the table in the package documentation with the code.
func TestDocTable(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for s := range numStates {
		for e := range numEvents {
			for _, line := range describe(s, e) {
				b.WriteString("//\t" + line + "\n")
			}
		}
		if s+1 < numStates {
			b.WriteString("//\n")
		}
	}
	if !strings.Contains(string(doc), b.String()) {
		t.Errorf("doc.go does not show the table as it is:\n%s", b.String())
	}
}

// describe shows one cell: a line if it does the same in all situations, else one for each situation that matters, and
// none for a bug.
func describe(s State, e event) []string {
	c := lifeCycle[s][e]
	base := c(facts{})
	var matter facts
	for _, f := range allFacts() {
		for _, flip := range []facts{{want: true}, {retiring: true}, {leased: true}} {
			g := facts{f.want != flip.want, f.retiring != flip.retiring, f.leased != flip.leased}
			if c(f) != c(g) {
				matter.want = matter.want || flip.want
				matter.retiring = matter.retiring || flip.retiring
				matter.leased = matter.leased || flip.leased
			}
		}
	}
	if matter == (facts{}) {
		return render(s, e, "", base)
	}
	var lines []string
	for _, f := range allFacts() {
		if f.want && !matter.want || f.retiring && !matter.retiring || f.leased && !matter.leased {
			continue
		}
		var when []string
		for _, fact := range []struct {
			matters, holds bool
			yes, no        string
		}{
			{matter.want, f.want, "wanted", "unwanted"},
			{matter.retiring, f.retiring, "retiring", "staying"},
			{matter.leased, f.leased, "leased", "unleased"},
		} {
			if fact.matters && fact.holds {
				when = append(when, fact.yes)
			} else if fact.matters {
				when = append(when, fact.no)
			}
		}
		lines = append(lines, render(s, e, strings.Join(when, ", "), c(f))...)
	}
	return lines
}

func render(s State, e event, when string, got step) []string {
	var do []string
	for _, a := range got.do {
		if a != noAction {
			do = append(do, a.String())
		}
	}
	if got.bug && len(do) == 0 {
		return nil
	}
	to := got.to.String()
	switch {
	case got.bug:
		to = "bug"
	case got.to == s:
		to = "-"
	}
	reason := ""
	if got.reason != ReasonNone {
		reason = got.reason.String()
	}
	line := fmt.Sprintf("%-8s  %-12s  %-18s  %-8s  %-17s  %s", s, e, when, to, strings.Join(do, ", "), reason)
	return []string{strings.TrimRight(line, " ")}
}

func TestEndReason(t *testing.T) {
	tests := []struct {
		name  string
		from  State
		cause Reason
		exit  Exit
		want  Reason
	}{
		{"by itself", Idle, ReasonNone, Exit{Code: 0}, ReasonExited},
		{"by itself with a status", Busy, ReasonNone, Exit{Code: 255}, ReasonExited},
		{"crash", Busy, ReasonNone, Exit{Signal: syscall.SIGSEGV, Core: true}, ReasonSignaled},
		{"crash while a retirement waits", Busy, ReasonMaxRequests, Exit{Signal: syscall.SIGSEGV}, ReasonSignaled},
		{"asked to", Stopping, ReasonMaxRequests, Exit{}, ReasonMaxRequests},
		{"asked to, with a status", Stopping, ReasonShutdown, Exit{Code: 255}, ReasonShutdown},
		{"killed", Killing, ReasonRequestTimeout, Exit{Signal: syscall.SIGKILL}, ReasonRequestTimeout},
		{"lost, was crashing", Stopping, ReasonLost, Exit{Signal: syscall.SIGBUS}, ReasonSignaled},
		{"lost, was exiting", Stopping, ReasonLost, Exit{Code: 1}, ReasonExited},
		{"lost, lived on", Killing, ReasonLost, Exit{Signal: syscall.SIGKILL}, ReasonLost},
		{"denied", Busy, ReasonNone, Exit{Signal: syscall.SIGSYS}, ReasonDenied},
		{"denied while starting", Starting, ReasonNone, Exit{Signal: syscall.SIGSYS}, ReasonDenied},
		{"denied on its way out", Stopping, ReasonShutdown, Exit{Signal: syscall.SIGSYS}, ReasonDenied},
		{"denied, seen as lost", Stopping, ReasonLost, Exit{Signal: syscall.SIGSYS}, ReasonDenied},
		{"out of memory", Busy, ReasonNone, Exit{Signal: syscall.SIGKILL, OOM: true}, ReasonMemory},
		{"out of memory, seen as lost", Stopping, ReasonLost, Exit{Signal: syscall.SIGKILL, OOM: true}, ReasonMemory},
		{"out of memory on its way out", Stopping, ReasonMaxRequests, Exit{Signal: syscall.SIGKILL, OOM: true}, ReasonMemory},
		{"over max_rss", Stopping, ReasonMemory, Exit{}, ReasonMemory},
		{"denied, and memory ran out", Busy, ReasonNone, Exit{Signal: syscall.SIGSYS, OOM: true}, ReasonDenied},
		{"could not make a thread", Busy, ReasonNone, Exit{Code: 2, Refused: 1}, ReasonPids},
		{"could not make a thread, seen as lost", Stopping, ReasonLost, Exit{Code: 2, Refused: 1}, ReasonPids},
		{"lived without the process", Stopping, ReasonMaxRequests, Exit{Refused: 9}, ReasonMaxRequests},
		{"lived without the process and went", Idle, ReasonNone, Exit{Refused: 9}, ReasonExited},
		{"denied while it is killed", Killing, ReasonRequestTimeout, Exit{Signal: syscall.SIGSYS}, ReasonDenied},
	}
	for _, test := range tests {
		if got := endReason(test.from, test.cause, test.exit); got != test.want {
			t.Errorf("%s: endReason(%s, %q, %+v) = %q, want %q", test.name, test.from, test.cause, test.exit, got, test.want)
		}
	}
}

func TestNextBackoff(t *testing.T) {
	var got []time.Duration
	for d, i := time.Duration(0), 0; i < 11; i++ {
		d = nextBackoff(d, false)
		got = append(got, d)
	}
	if want := "[100ms 200ms 400ms 800ms 1.6s 3.2s 6.4s 12.8s 25.6s 30s 30s]"; fmt.Sprint(got) != want {
		t.Errorf("back-off %v, want %s", got, want)
	}
	got = nil
	for d, i := time.Duration(0), 0; i < 6; i++ {
		d = nextBackoff(d, true)
		got = append(got, d)
	}
	if want := "[100ms 200ms 400ms 800ms 1s 1s]"; fmt.Sprint(got) != want {
		t.Errorf("back-off while serving %v, want %s", got, want)
	}
}

func TestNames(t *testing.T) {
	for _, s := range States() {
		text, err := s.MarshalText()
		var back State
		if err != nil || back.UnmarshalText(text) != nil || back != s {
			t.Errorf("state %d: MarshalText = %q, %v, read back as %v", s, text, err, back)
		}
	}
	for _, r := range append(Reasons(), ReasonNone) {
		text, err := r.MarshalText()
		var back Reason
		if err != nil || back.UnmarshalText(text) != nil || back != r {
			t.Errorf("reason %d: MarshalText = %q, %v, read back as %v", r, text, err, back)
		}
	}
	for e := range numEvents {
		if e.String() == "" {
			t.Errorf("event %d has no name", e)
		}
	}
	for a := noAction + 1; a < numActions; a++ {
		if a.String() == "" {
			t.Errorf("action %d has no name", a)
		}
	}
	if err := new(State).UnmarshalText([]byte("asleep")); err == nil {
		t.Error("UnmarshalText takes a state that is none")
	}
	if err := new(Reason).UnmarshalText([]byte("whim")); err == nil {
		t.Error("UnmarshalText takes a reason that is none")
	}
}

func TestQueue(t *testing.T) {
	var q queue
	w := make([]Ticket, 5)
	for i := range w {
		q.push(&w[i])
	}
	// From the middle, the head and the tail, and one twice.
	for _, i := range []int{2, 0, 4} {
		if !q.remove(&w[i]) {
			t.Errorf("remove(%d) = false, want true", i)
		}
	}
	if q.remove(&w[2]) {
		t.Error("remove of one that is gone = true, want false")
	}
	if q.len != 2 || q.pop() != &w[1] || q.pop() != &w[3] || q.pop() != nil || q.len != 0 {
		t.Errorf("the queue has not the two that are left in their order: %+v", q)
	}
	q.push(&w[2])
	if q.head != &w[2] || q.tail != &w[2] || q.len != 1 {
		t.Errorf("the queue cannot be used again: %+v", q)
	}
}
