package plan

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
)

func TestFailureRoundTrip(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
		is   error
	}{
		{fmt.Errorf("mount /x: %w", syscall.EPERM), "jail step fill-root: mount /x: operation not permitted", syscall.EPERM},
		{errors.New("no errno\n\x1b[31m"), "jail step fill-root: no errno??[31m", nil},
		{errors.New(strings.Repeat("x", 5000)), "jail step fill-root: " + strings.Repeat("x", MaxMessage-15), nil},
	} {
		got, err := DecodeFailure(EncodeFailure(&StepError{"fill-root", c.err}))
		if err != nil {
			t.Fatal(err)
		}
		if got.Error() != c.want || got.Step != "fill-root" {
			t.Errorf("got %q, want %q", got, c.want)
		}
		if c.is != nil && !errors.Is(got, c.is) {
			t.Errorf("%v is not %v", got, c.is)
		}
	}
	for _, b := range []string{"", "E", "E\x01\x00\x00\x00", "E\x01\x00\x00\x00no end", "R\x01\x00\x00\x00step\x00text", strings.Repeat("E", MaxMessage+1)} {
		if e, err := DecodeFailure([]byte(b)); err == nil {
			t.Errorf("DecodeFailure(%.20q) = %v, want an error", b, e)
		}
	}
}

func TestStatusRoundTrip(t *testing.T) {
	for _, ws := range []syscall.WaitStatus{0, 0x100, 0xff00, 9, 31, 0x8b} {
		if got, ok := DecodeStatus(EncodeStatus(ws)); !ok || got != ws {
			t.Errorf("%#x came back as %#x, %v", ws, got, ok)
		}
	}
	for _, b := range [][]byte{nil, {0}, {0x7f, 0x13, 0, 0}, {0, 0, 0, 0, 0}} { // nothing, short, stopped, long
		if _, ok := DecodeStatus(b); ok {
			t.Errorf("DecodeStatus(%x) is a wait status", b)
		}
	}
}
