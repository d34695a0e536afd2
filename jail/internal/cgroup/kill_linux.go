package cgroup

import (
	"errors"
	"fmt"

	"github.com/opencontainers/cgroups"
	cgroupsv1 "github.com/opencontainers/cgroups/fs"
	"golang.org/x/sys/unix"
)

// Kill kills every process of the cgroup, those that are being born included: by cgroup.kill (Linux 5.14), or in version 1 by freezing
// them, so that none can fork out of the list, and killing each. Where there is neither it does nothing.
func (g *Group) Kill() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.gone {
		return nil
	}
	var err error
	switch g.p.t.host.Kill {
	case "cgroup.kill":
		err = cgroups.WriteFile(g.dir(g.p.where[""]), "cgroup.kill", "1")
	case "freezer":
		err = killFrozen(g.dir(g.p.where["freezer"]))
	}
	if err != nil {
		return fmt.Errorf("cgroup %s: kill: %w", g.name, err)
	}
	return nil
}

func killFrozen(dir string) error {
	m, err := cgroupsv1.NewManager(&cgroups.Cgroup{Resources: &cgroups.Resources{}}, map[string]string{"freezer": dir})
	if err != nil {
		return err
	}
	if err := m.Freeze(cgroups.Frozen); err != nil {
		return err
	}
	pids, err := cgroups.GetAllPids(dir)
	errs := []error{err}
	for _, pid := range pids {
		// Frozen, so the pid is still its own.
		if err := unix.Kill(pid, unix.SIGKILL); err != nil && err != unix.ESRCH {
			errs = append(errs, err)
		}
	}
	// A frozen process dies when it thaws.
	return errors.Join(append(errs, m.Freeze(cgroups.Thawed))...)
}
