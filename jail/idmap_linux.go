package jail

import (
	"syscall"

	"golang.org/x/sys/unix"

	"jpm/jail/plan"
)

// userNamespace adds the plan's user namespace to a clone.
func userNamespace(sys *syscall.SysProcAttr, p *plan.Plan) {
	sys.Cloneflags |= unix.CLONE_NEWUSER
	sys.UidMappings, sys.GidMappings = idMap(p.SetupUID, p.UID), idMap(p.SetupGID, p.GID)
	if p.OneID {
		// No id is 0 in there, so exec would take the capabilities that build the jail. setgroups is denied before the groups are mapped:
		// leaving a group could open what it is kept from (CVE-2014-8989).
		sys.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_NET_ADMIN, unix.CAP_SYS_RESOURCE, unix.CAP_SETPCAP}
		return
	}
	// The stage empties its groups itself, which "deny" would forbid for ever.
	sys.GidMappingsEnableSetgroups = true
	sys.Credential = &syscall.Credential{Uid: 0, Gid: 0}
}

// idMap maps setup to 0 and id to itself; one id alone only to itself.
func idMap(setup, id uint32) []syscall.SysProcIDMap {
	own := syscall.SysProcIDMap{ContainerID: int(id), HostID: int(id), Size: 1}
	if setup == id {
		return []syscall.SysProcIDMap{own}
	}
	return []syscall.SysProcIDMap{{ContainerID: 0, HostID: int(setup), Size: 1}, own}
}
