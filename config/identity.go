package config

import (
	"errors"
	"regexp"
	"strconv"
)

var digitsOnly = regexp.MustCompile(`^[0-9]+$`)

// plainAccount is a name that useradd(8) takes and a shell leaves alone.
var plainAccount = regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,31}$`)

func (v *validator) proxy(p *Proxy) {
	self, own := v.accounts.self()
	if self != 0 && !v.source.set[&p.User] {
		p.User = strconv.FormatUint(uint64(self), 10) // nobody else can be had
	}
	uid, gid, ok := v.user(&p.User, p.User)
	if !ok {
		return
	}
	if self != 0 && uid == self {
		gid = own
	}
	if uid == 0 {
		v.problem(&p.User, "Root cannot be the proxy", "The proxy speaks with the outside and must own nothing. Give it an account of its own: user = \"jpm\".")
	}
	v.onlyOwn(&p.User, &p.User, uid, gid)
	p.UID, p.GID = uid, gid
}

func (v *validator) poolUser(p *Pool) {
	uid, gid, ok := v.user(&p.User, p.User)
	if !ok {
		return
	}
	if uid == 0 {
		v.problem(&p.User, "Root cannot run a site", "Workers run without privilege. Give the site an account of its own.")
		return
	}
	if p.Group != "" {
		if gid, ok = v.group(&p.Group, p.Group); !ok {
			return
		}
	}
	if gid == 0 {
		v.problem(&p.Group, "The group root cannot run a site", "Give the site a group of its own: group = \"...\".")
		return
	}
	v.onlyOwn(&p.User, &p.Group, uid, gid)
	p.UID, p.GID = uid, gid
}

// user resolves a user's name or number. Without an account a number's gid is the same number.
func (v *validator) user(key any, name string) (uid, gid uint32, ok bool) {
	if name == "" {
		v.problem(key, "No user", "Write the name of an account or a numeric uid.")
		return 0, 0, false
	}
	if uid, ok := numericID(name); ok {
		gid, err := v.accounts.primary(uid)
		if errors.Is(err, errNoAccount) {
			return uid, uid, true
		}
		if err != nil {
			v.problem(key, "Cannot look up the user", "%v.", err)
			return 0, 0, false
		}
		return uid, gid, true
	}
	if digitsOnly.MatchString(name) {
		v.problem(key, "Invalid user", "A uid is 0 to 4294967294.")
		return 0, 0, false
	}
	uid, gid, err := v.accounts.user(name)
	if errors.Is(err, errNoAccount) {
		v.problem(key, "No such user", "There is no account %q in /etc/passwd.%s", clip(name),
			advice(name, "useradd --system --user-group --no-create-home --shell /usr/sbin/nologin"))
		return 0, 0, false
	}
	if err != nil {
		v.problem(key, "Cannot look up the user", "%v.", err)
		return 0, 0, false
	}
	return uid, gid, true
}

// group resolves a group's name or number.
func (v *validator) group(key any, name string) (gid uint32, ok bool) {
	if gid, ok := numericID(name); ok {
		return gid, true
	}
	if digitsOnly.MatchString(name) {
		v.problem(key, "Invalid group", "A gid is 0 to 4294967294.")
		return 0, false
	}
	gid, err := v.accounts.group(name)
	if errors.Is(err, errNoAccount) {
		v.problem(key, "No such group", "There is no group %q in /etc/group.%s", clip(name), advice(name, "groupadd --system"))
		return 0, false
	}
	if err != nil {
		v.problem(key, "Cannot look up the group", "%v.", err)
		return 0, false
	}
	return gid, true
}

// advice is the command that makes an account, if its name can stand in one.
func advice(name, command string) string {
	if !plainAccount.MatchString(name) {
		return ""
	}
	return " To make one: " + command + " " + name
}

// uniqueUIDs keeps pools apart from each other and from the proxy: processes of one uid may signal and trace each other
// and own each other's files.
func (v *validator) uniqueUIDs(c *Config) {
	self, _ := v.accounts.self()
	first := map[uint32]*Pool{}
	for i := range c.Pools {
		p := &c.Pools[i]
		if p.UID == 0 { // not resolved
			continue
		}
		if p.UID == c.Proxy.UID && p.UID != self {
			v.problem(&p.User, "The proxy's user cannot run a site", "The proxy runs as uid %d too. Give the site an account of its own.", p.UID)
		}
		other, taken := first[p.UID]
		if !taken {
			first[p.UID] = p
			continue
		}
		if p.SharedUID && other.SharedUID {
			continue
		}
		if p.UID == self {
			v.problem(&p.User, "Two pools with one user",
				"An ordinary user's jpm has no other uid than %d to give, and pool %q, at %s, has it too. Their jails keep them apart, but no file's owner does. Write shared_uid = true in both to accept that.",
				p.UID, clip(other.Name), v.place(&other.User))
		} else {
			v.problem(&p.User, "Two pools with one user",
				"Pool %q, at %s, runs as uid %d too: a hacked script of one could change the other. Give each an account of its own, or write shared_uid = true in both.",
				clip(other.Name), v.place(&other.User), p.UID)
		}
	}
}
