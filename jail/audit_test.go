package jail

import (
	"strings"
	"testing"
)

func TestParseAudit(t *testing.T) {
	header := strings.Repeat("h", 16)
	const record = `audit(1795473869.726:19631): auid=4294967295 uid=64202 gid=64202 ses=4294967295 pid=3693 comm="worker" ` +
		`exe="/var/lib/worker" sig=31 arch=c000003e syscall=427 compat=0 ip=0x40a8ce code=0x80000000`
	for _, c := range []struct {
		record string
		pid    int
		nr     uint32
		ok     bool
	}{
		{header + record, 3693, 427, true},
		{header + record + "\x00", 3693, 427, true},
		{header + strings.Replace(record, `"worker"`, `"syscall=1"`, 1), 3693, 427, true},
		{header + strings.Replace(record, "syscall=427", "syscall=1073741863\x00", 1), 3693, 1073741863, true},
		{header + strings.Replace(record, "sig=31", "sig=0", 1), 0, 0, false}, // seccomp's log action
		{header + strings.Replace(record, "syscall=427", "syscall=-1", 1), 0, 0, false},
		{header + strings.Replace(record, " pid=3693", "", 1), 0, 0, false},
		{header, 0, 0, false},
		{"", 0, 0, false},
	} {
		if pid, nr, ok := parseAudit([]byte(c.record)); pid != c.pid || nr != c.nr || ok != c.ok {
			t.Errorf("parseAudit(%q) = %d, %d, %v, want %d, %d, %v", c.record, pid, nr, ok, c.pid, c.nr, c.ok)
		}
	}
}

// Nobody waits long for a record that does not come, and not at all where there is no audit.
func TestNoAuditRecord(t *testing.T) {
	var none *audit
	none.close()
	if nr, ok := none.killedFor(1); ok {
		t.Errorf("without audit: %d", nr)
	}
	a := &audit{done: make(chan struct{}), calls: map[int]uint32{5: 7}, more: make(chan struct{})}
	if nr, ok := a.killedFor(5); !ok || nr != 7 {
		t.Errorf("a record that is there: %d, %v", nr, ok)
	}
	if nr, ok := a.killedFor(5); ok {
		t.Errorf("a record is given twice: %d", nr)
	}
}
