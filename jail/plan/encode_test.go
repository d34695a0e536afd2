package plan

import (
	"errors"
	"math/rand"
	"reflect"
	"testing"
	"testing/quick"
)

// Any plan comes back as it was; the random ones have every field set, so that a field that is left out of the encoding is noticed.
func TestRoundTrip(t *testing.T) {
	same := func(p Plan) bool {
		got, err := Decode(p.Encode())
		return err == nil && reflect.DeepEqual(normal(&p), normal(got))
	}
	if err := quick.Check(same, &quick.Config{MaxCount: 300, Rand: rand.New(rand.NewSource(1))}); err != nil {
		t.Error(err)
	}
}

// normal makes empty lists nil: the encoding does not tell them apart.
func normal(p *Plan) *Plan {
	q := *p
	for _, f := range []any{&q.Zero, &q.Entries, &q.Rlimits, &q.Argv, &q.Env, &q.Filter, &q.InitFilter, &q.Landlock.Rules} {
		if v := reflect.ValueOf(f).Elem(); v.Len() == 0 {
			v.SetZero()
		}
	}
	return &q
}

func TestDecodeRefuses(t *testing.T) {
	p := &Plan{Name: "x", Entries: []Entry{{Kind: Dir, Path: "/a"}}, Argv: []string{"a", "b"}, Filter: make([]byte, 8)}
	good := p.Encode()
	for n := range good {
		if _, err := Decode(good[:n]); !errors.Is(err, ErrPlan) {
			t.Errorf("the first %d of %d bytes: %v, want ErrPlan", n, len(good), err)
		}
	}
	if _, err := Decode(append(good, 0)); !errors.Is(err, ErrPlan) {
		t.Errorf("a byte too many: %v, want ErrPlan", err)
	}
	good[0]++
	if _, err := Decode(good); !errors.Is(err, ErrPlan) {
		t.Errorf("another version: %v, want ErrPlan", err)
	}
}

// What is decoded encodes to a plan that decodes to the same; memory stays within what the input pays for.
func FuzzDecode(f *testing.F) {
	f.Add((&Plan{Name: "x", Entries: []Entry{{Kind: Bind, Path: "/a"}}, Argv: []string{"a"}, Rlimits: []Rlimit{{1, 2}}}).Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Decode(b)
		if err != nil {
			return
		}
		again, err := Decode(p.Encode())
		if err != nil || !reflect.DeepEqual(p, again) {
			t.Fatalf("%+v came back as %+v, %v", p, again, err)
		}
	})
}
