package jail

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"jpm/jail/plan"
)

// mountsOf writes the mountinfo that a worker with this plan has.
func mountsOf(p *plan.Plan) string {
	var b strings.Builder
	b.WriteString("1 0 0:1 / / ro,nosuid,nodev,noexec,relatime - tmpfs none rw,size=1024k\n")
	for i, e := range p.Entries {
		switch e.Kind {
		case plan.Bind:
			fmt.Fprintf(&b, "%d 1 8:1 /x %s %s,relatime unbindable - ext4 /dev/sda1 rw\n", i+2, strings.ReplaceAll(e.Path, " ", `\040`), flagNames(e.Flags))
		case plan.Proc:
			fmt.Fprintf(&b, "%d 1 0:9 / %s %s - proc proc ro,hidepid=invisible,subset=pid\n", i+2, e.Path, flagNames(e.Flags))
		}
	}
	return b.String()
}

func TestCompareMounts(t *testing.T) {
	pool := shop()
	pool.Jail.Read = append(pool.Jail.Read, "/srv/with space")
	p := compile(t, pool, testHost()).plan
	good := mountsOf(p)
	replace := func(old, new string) func(string) string {
		return func(s string) string {
			if !strings.Contains(s, old) {
				t.Fatalf("no %q in\n%s", old, s)
			}
			return strings.Replace(s, old, new, 1)
		}
	}
	add := func(line string) func(string) string { return func(s string) string { return s + line + "\n" } }
	for _, c := range []struct {
		name   string
		change func(string) string
		want   string // "" means it is as planned
	}{
		{"as planned", func(s string) string { return s }, ""},
		{"stricter than planned", replace("/usr ro,nosuid,nodev,relatime", "/usr ro,nosuid,nodev,noexec,relatime"), ""},
		{"came along, with the flags", add("90 1 8:2 / /srv/shop/data ro,nosuid,nodev,noexec - ext4 /dev/sdb rw"), ""},
		{"came along, without", add("90 1 8:2 / /srv/shop/data rw,nosuid,nodev,noexec - ext4 /dev/sdb rw"), "mount /srv/shop/data"},
		{"root writable", replace("/ / ro", "/ / rw"), "mount /"},
		{"root of the host", replace("- tmpfs none", "- ext4 /dev/sda1"), "mount /"},
		{"host's root still there", add("90 1 8:2 / / ro,nosuid,nodev,noexec - ext4 /dev/sdb rw"), "mount /"},
		{"one more", add("90 1 8:2 / /mnt ro,nosuid,nodev,noexec - ext4 /dev/sdb rw"), "mount /mnt"},
		{"one more in tmp", add("90 1 8:2 / /tmp/x ro,nosuid,nodev,noexec - ext4 /dev/sdb rw"), "mount /tmp/x"},
		{"suid", replace("/srv/shop ro,nosuid", "/srv/shop ro"), "mount /srv/shop"},
		{"symlinks followed", replace("/srv/shop/var rw,nosuid,nodev,noexec,nosymfollow", "/srv/shop/var rw,nosuid,nodev,noexec"), "mount /srv/shop/var"},
		{"proc shows all", replace(",hidepid=invisible", ""), "mount /proc"},
		{"proc is none", replace("- proc proc", "- tmpfs proc"), "mount /proc"},
		{"to the host", replace("/srv/shop ro,nosuid,nodev,noexec,relatime unbindable", "/srv/shop ro,nosuid,nodev,noexec,relatime shared:7"), "mount /srv/shop propagation"},
		{"from the host", replace("/usr ro,nosuid,nodev,relatime unbindable", "/usr ro,nosuid,nodev,relatime master:7"), "mount /usr propagation"},
		{"escaped name", replace(`/srv/with\040space ro`, `/srv/with\040space rw`), "mount /srv/with space"},
		{"missing", func(s string) string {
			i := strings.Index(s, "/tmp ")
			return s[:strings.LastIndex(s[:i], "\n")+1] + s[i+strings.Index(s[i:], "\n")+1:]
		}, "mount /tmp"},
	} {
		t.Run(c.name, func(t *testing.T) {
			lines, err := parseMountinfo(c.change(good))
			if err != nil {
				t.Fatal(err)
			}
			err = compareMounts(lines, p)
			var verify *VerifyError
			switch {
			case c.want == "" && err != nil:
				t.Errorf("compareMounts = %v, want nil", err)
			case c.want != "" && (!errors.As(err, &verify) || verify.What != c.want):
				t.Errorf("compareMounts = %v, want a VerifyError about %s", err, c.want)
			}
		})
	}
	if _, err := parseMountinfo("1 2 3\n"); err == nil {
		t.Error("a short line was parsed")
	}
}
