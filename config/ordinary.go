package config

// LoadToRun is Load for who is about to run the configuration. Root can run any. An ordinary user can start nothing as another user and
// give no file away, so another account in user, group or owner is an error.
func LoadToRun(path string) (*Config, error) {
	return load(path, disk{}, &hostAccounts{running: true})
}

// onlyOwn complains about an account that is not that of the ordinary user who is about to run the configuration. group is the key of what
// sets the group, user if nothing does.
func (v *validator) onlyOwn(user, group any, uid, gid uint32) {
	self, own := v.accounts.self()
	if self == 0 || !v.accounts.onlySelf() {
		return
	}
	if uid != self {
		v.problem(user, "Not the user who runs jpm",
			"jpm runs as uid %d here, and an ordinary user can start nothing as uid %d and give it no file. Write %d, or start jpm as root.", self, uid, self)
		return
	}
	if gid != own {
		v.problem(group, "Not the group of who runs jpm",
			"jpm runs as gid %d here, and an ordinary user cannot change that to %d. Write group = \"%d\", or start jpm as root.", own, gid, own)
	}
}
