package plan

// Landlock is a ruleset of the kernel's second fence (landlock(7)): what is handled is refused unless a rule allows it. The zero
// value is no ruleset at all.
type Landlock struct {
	// FS, Net and Scoped are the rights that are handled, as in struct landlock_ruleset_attr.
	FS, Net, Scoped uint64
	// Rules allow some of FS. Nothing allows a right of Net or Scoped.
	Rules []PathRule
}

// On says whether there is a ruleset.
func (l *Landlock) On() bool { return l.FS|l.Net|l.Scoped != 0 }

// PathRule allows rights on a file, or on a directory and everything below it, whatever is mounted there. Rights of directories do
// not count where Path is a file.
type PathRule struct {
	// Path is seen as inside the jail, without a symbolic link in it. Empty means the program that comes as a descriptor.
	Path   string
	Access uint64
}
