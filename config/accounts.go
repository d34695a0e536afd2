package config

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/moby/sys/user"
)

// errNoAccount says that the database was read and holds no such name.
var errNoAccount = errors.New("no such account")

// accounts is where names become ids: the host's /etc/passwd and /etc/group, and a map in tests.
type accounts interface {
	// user returns an account's uid and primary gid, errNoAccount if there is none of that name.
	user(name string) (uid, gid uint32, err error)
	// primary returns the primary gid of the account with that uid, errNoAccount if there is none.
	primary(uid uint32) (gid uint32, err error)
	// group returns a group's gid, errNoAccount if there is none of that name.
	group(name string) (gid uint32, err error)
	// self returns the ids that jpm itself has: 0 for root.
	self() (uid, gid uint32)
	// onlySelf says whether self is to run what is read.
	onlySelf() bool
}

// hostAccounts reads each of the two files once, when it is first asked.
type hostAccounts struct {
	users  []user.User
	groups []user.Group
	// running: self is to run what is read.
	running bool
}

func (h *hostAccounts) user(name string) (uid, gid uint32, err error) {
	return h.find(func(u user.User) bool { return u.Name == name })
}

func (h *hostAccounts) primary(uid uint32) (gid uint32, err error) {
	_, gid, err = h.find(func(u user.User) bool { return u.Uid == int(uid) })
	return gid, err
}

func (h *hostAccounts) self() (uid, gid uint32) {
	return uint32(os.Geteuid()), uint32(os.Getegid())
}

func (h *hostAccounts) onlySelf() bool { return h.running }

// RootUID is the uid that root's files show: 0, or in a user namespace that does not map it the id that stands for all such
// (/proc/sys/kernel/overflowuid, user_namespaces(7)).
func RootUID() uint32 {
	return rootUID()
}

var rootUID = sync.OnceValue(func() uint32 {
	maps, err := user.ParseIDMapFile("/proc/self/uid_map")
	if err != nil || len(maps) == 0 || slices.ContainsFunc(maps, func(m user.IDMap) bool { return m.ID == 0 && m.Count > 0 }) {
		return 0
	}
	b, err := os.ReadFile("/proc/sys/kernel/overflowuid")
	if err != nil {
		return 0
	}
	id, _ := numericID(strings.TrimSpace(string(b)))
	return id
})

func (h *hostAccounts) find(match func(user.User) bool) (uid, gid uint32, err error) {
	if h.users == nil {
		if h.users, err = user.ParsePasswdFile("/etc/passwd"); err != nil {
			return 0, 0, fmt.Errorf("read accounts: %w", err)
		}
	}
	for _, u := range h.users {
		if match(u) {
			return uint32(u.Uid), uint32(u.Gid), nil
		}
	}
	return 0, 0, errNoAccount
}

func (h *hostAccounts) group(name string) (gid uint32, err error) {
	if h.groups == nil {
		if h.groups, err = user.ParseGroupFile("/etc/group"); err != nil {
			return 0, fmt.Errorf("read groups: %w", err)
		}
	}
	for _, g := range h.groups {
		if g.Name == name {
			return uint32(g.Gid), nil
		}
	}
	return 0, errNoAccount
}

// numericID reads a uid or gid that is written as a number. The largest 32-bit number means "no id" to the kernel and is none.
func numericID(s string) (uint32, bool) {
	n, err := strconv.ParseUint(s, 10, 32)
	return uint32(n), err == nil && n != 1<<32-1
}
