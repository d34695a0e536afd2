package plan

import (
	"encoding/binary"
	"errors"
)

// The encoding is the fields in order, numbers as varints, strings and lists with their length before them. It is read by the
// jpm-init that came with the master that wrote it, so it has a version only to refuse another one. Not JSON, because
// jpm-init decodes it twice for each worker, and its start and its memory are what a jail costs.
const version = 4

// Encode writes the plan for jpm-init.
func (p *Plan) Encode() []byte {
	c := &coder{writing: true}
	c.plan(p)
	return c.b
}

// ErrPlan says that what should be a plan is none.
var ErrPlan = errors.New("not an encoded plan of this version")

// Decode reads what Encode wrote.
func Decode(b []byte) (*Plan, error) {
	p, c := new(Plan), &coder{b: b}
	c.plan(p)
	if c.bad || len(c.b) != 0 {
		return nil, ErrPlan
	}
	return p, nil
}

// coder walks over a plan once, writing or reading: one list of fields for both cannot disagree with itself. Writing does not
// touch the plan, which is shared by all starts of a pool.
type coder struct {
	b       []byte // what was written, or what is left to read
	writing bool
	bad     bool
}

func (c *coder) plan(p *Plan) {
	v := uint64(version)
	c.number(&v)
	if v != version {
		c.bad = true
		return
	}
	c.string(&p.Name)
	c.string(&p.Hostname)
	c.bool(&p.UserNS)
	c.strings(&p.Zero)
	c.bool(&p.OneID)
	for _, n := range []*uint32{&p.SetupUID, &p.SetupGID, &p.UID, &p.GID} {
		c.number32(n)
	}
	c.string((*string)(&p.Network))
	c.number(&p.RootBytes)
	c.number(&p.RootInodes)
	for i := range list(c, &p.Entries) {
		c.entry(&p.Entries[i])
	}
	for i := range list(c, &p.Rlimits) {
		c.int(&p.Rlimits[i].Resource)
		c.number(&p.Rlimits[i].Value)
	}
	c.number32(&p.Umask)
	c.int(&p.OOMScoreAdj)
	c.string(&p.Dir)
	c.bool(&p.MDWE)
	c.landlock(&p.Landlock)
	c.string(&p.Path)
	c.strings(&p.Argv)
	c.strings(&p.Env)
	c.int(&p.Extra)
	c.bool(&p.ExecOnce)
	c.bytes(&p.Filter)
	c.bytes(&p.InitFilter)
	c.number32(&p.Listener)
	c.string(&p.SkipStep)
}

func (c *coder) landlock(l *Landlock) {
	for _, n := range []*uint64{&l.FS, &l.Net, &l.Scoped} {
		c.number(n)
	}
	for i := range list(c, &l.Rules) {
		c.string(&l.Rules[i].Path)
		c.number(&l.Rules[i].Access)
	}
}

func (c *coder) entry(e *Entry) {
	c.string((*string)(&e.Kind))
	c.string(&e.Path)
	c.number32(&e.Mode)
	c.string(&e.Data)
	c.string(&e.Source)
	c.string((*string)(&e.Wants))
	c.number32(&e.Rdev)
	c.number32((*uint32)(&e.Flags))
	c.bool(&e.Recursive)
	c.string(&e.Origin)
}

func (c *coder) number(v *uint64) {
	if c.writing {
		c.b = binary.AppendUvarint(c.b, *v)
		return
	}
	x, n := binary.Uvarint(c.b)
	if n <= 0 {
		c.bad = true
		return
	}
	*v, c.b = x, c.b[n:]
}

func (c *coder) number32(v *uint32) {
	x := uint64(*v)
	c.number(&x)
	if !c.writing {
		c.bad = c.bad || x > 0xffffffff
		*v = uint32(x)
	}
}

// int takes negative numbers too, in 64 bits.
func (c *coder) int(v *int) {
	x := uint64(*v)
	c.number(&x)
	if !c.writing {
		*v = int(x)
	}
}

func (c *coder) bool(v *bool) {
	x := uint64(0)
	if *v {
		x = 1
	}
	c.number(&x)
	if !c.writing {
		c.bad = c.bad || x > 1
		*v = x == 1
	}
}

// length is a number of things of which each takes at least a byte.
func (c *coder) length(v int) int {
	x := uint64(v)
	c.number(&x)
	if !c.writing && x > uint64(len(c.b)) {
		c.bad = true
		return 0
	}
	return int(x)
}

func (c *coder) bytes(v *[]byte) {
	n := c.length(len(*v))
	if c.writing {
		c.b = append(c.b, *v...)
		return
	}
	if n > 0 && !c.bad {
		*v, c.b = c.b[:n:n], c.b[n:]
	}
}

func (c *coder) string(v *string) {
	b := []byte(*v)
	c.bytes(&b)
	if !c.writing {
		*v = string(b)
	}
}

func (c *coder) strings(v *[]string) {
	for i := range list(c, v) {
		c.string(&(*v)[i])
	}
}

// list codes the length of a list, makes the list when reading, and gives it back.
func list[T any](c *coder, v *[]T) []T {
	if n := c.length(len(*v)); !c.writing && n > 0 && !c.bad {
		*v = make([]T, n)
	}
	return *v
}
