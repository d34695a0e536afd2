package jail

import (
	"slices"
	"testing"
)

func TestAdvice(t *testing.T) {
	open := map[string]string{"kernel/io_uring_disabled": "0", "kernel/unprivileged_bpf_disabled": "0", "kernel/perf_event_paranoid": "-1",
		"vm/unprivileged_userfaultfd": "1", "dev/tty/legacy_tiocsti": "1"}
	closed := map[string]string{"kernel/io_uring_disabled": "2", "kernel/unprivileged_bpf_disabled": "2", "kernel/perf_event_paranoid": "4",
		"vm/unprivileged_userfaultfd": "0", "dev/tty/legacy_tiocsti": "0"}
	for _, c := range []struct {
		name     string
		settings map[string]string
		want     []string
	}{
		{"all open", open, []string{
			"kernel.io_uring_disabled = 2 (it is 0) refuses io_uring",
			"kernel.unprivileged_bpf_disabled = 1 (it is 0) refuses bpf",
			"kernel.perf_event_paranoid = 2 (it is -1) refuses perf_event_open on the kernel",
			"vm.unprivileged_userfaultfd = 0 (it is 1) refuses userfaultfd for page faults of the kernel",
			"dev.tty.legacy_tiocsti = 0 (it is 1) refuses TIOCSTI",
		}},
		{"all closed", closed, nil},
		{"for members of a group only", map[string]string{"kernel/io_uring_disabled": "1"}, []string{"kernel.io_uring_disabled = 2 (it is 1) refuses io_uring"}},
		{"a kernel without them", nil, nil},
	} {
		if got := advice(func(name string) string { return c.settings[name] }); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
