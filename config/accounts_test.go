package config

import "errors"

// somePeople are the accounts of a host that exists only in tests.
type somePeople struct{}

var people = map[string][2]uint32{
	"root":     {0, 0},
	"jpm":      {990, 990},
	"www-data": {33, 33},
	"shop":     {1001, 1001},
	"wiki":     {1002, 1002},
	"blog":     {1003, 100},
	"operator": {1004, 0},
	"broken":   {1005, 1005},
}

var errDatabase = errors.New("read accounts: input/output error")

func (somePeople) user(name string) (uid, gid uint32, err error) {
	if name == "broken" {
		return 0, 0, errDatabase
	}
	ids, ok := people[name]
	if !ok {
		return 0, 0, errNoAccount
	}
	return ids[0], ids[1], nil
}

func (somePeople) primary(uid uint32) (gid uint32, err error) {
	for _, ids := range people {
		if ids[0] == uid {
			return ids[1], nil
		}
	}
	return 0, errNoAccount
}

// self is root, who may become anybody.
func (somePeople) self() (uid, gid uint32) { return 0, 0 }
func (somePeople) onlySelf() bool          { return true }

func (somePeople) group(name string) (gid uint32, err error) {
	if name == "broken" {
		return 0, errDatabase
	}
	ids, ok := people[name]
	if !ok {
		return 0, errNoAccount
	}
	return ids[1], nil
}

// fewPeople are the accounts of a host that has only these, each with a group of its own.
type fewPeople map[string]uint32

func (n fewPeople) user(name string) (uid, gid uint32, err error) {
	if id, ok := n[name]; ok {
		return id, id, nil
	}
	return 0, 0, errNoAccount
}

func (fewPeople) primary(uint32) (gid uint32, err error) { return 0, errNoAccount }

func (n fewPeople) group(name string) (gid uint32, err error) {
	_, gid, err = n.user(name)
	return gid, err
}

func (fewPeople) self() (uid, gid uint32) { return 0, 0 }
func (fewPeople) onlySelf() bool          { return true }

// shopkeeper is an ordinary user, "shop", among somePeople.
type shopkeeper struct{ somePeople }

func (shopkeeper) self() (uid, gid uint32) { return 1001, 1001 }
