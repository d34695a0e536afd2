package jail

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"jpm/jail/internal/cgroup"
)

// cgroups are the Spawner's. They are used on the spawning thread only, but for close, which comes after it.
type cgroups struct {
	log   *zap.Logger
	tree  *cgroup.Tree
	pools map[string]*cgroup.Pool
}

// pool makes the cgroup of a jail's workers, or finds it. Nil without an error means that this host has no cgroups for workers and none
// of their limits is asked for.
func (c *cgroups) pool(j *Jail) (*cgroup.Pool, error) {
	h := j.host.Cgroup
	if h == nil || h.Off != "" {
		return nil, nil
	}
	name := "pool." + j.Name()
	if j.plan.Path == "" {
		name = j.Name() // the proxy, whose name a pool may have too
	}
	if p := c.pools[name]; p != nil {
		return p, nil
	}
	if c.tree == nil {
		t, err := cgroup.Open(h)
		if err != nil {
			return nil, err
		}
		c.tree, c.pools = t, map[string]*cgroup.Pool{}
	}
	p, err := c.tree.Pool(name, j.limits.sum, j.limits.worker)
	if absent, ok := errors.AsType[*cgroup.Absent](err); ok {
		if !j.limits.bestEffort {
			return nil, fmt.Errorf("this host cannot enforce a limit of %v: %w; limits.enforce = \"best_effort\" starts without it", absent.Controller, err)
		}
		c.log.Warn("limit not enforced", zap.String("pool", j.Name()), zap.Stringer("controller", absent.Controller), zap.Error(err))
		p, err = c.tree.Pool(name, j.limits.sum.Without(absent.Controller), j.limits.worker.Without(absent.Controller))
	}
	if err != nil {
		return nil, err
	}
	c.pools[name] = p
	return p, nil
}

// worker makes the cgroup of one worker, nil if there is none.
func (c *cgroups) worker(j *Jail, name string) (*cgroup.Group, error) {
	p, err := c.pool(j)
	if p == nil || err != nil {
		return nil, err
	}
	return p.Worker(name)
}

func (c *cgroups) close(log *zap.Logger) {
	if c.tree == nil {
		return
	}
	if err := c.tree.Close(); err != nil {
		log.Warn("cgroups not removed", zap.Error(err))
	}
}

// place puts PID 1 of the jail into the cgroups it could not be born in, and sees to it that the jail ends as a whole when memory does.
func (w *Worker) place() error {
	if w.group == nil {
		return nil
	}
	if err := w.group.Place(w.initPid); err != nil {
		return err
	}
	return w.group.WholeOOM(func() { w.Kill() })
}

// cgroup: the program is in the worker's, and what bounds it and the pool is written there.
func (s *sight) cgroup() error {
	if s.group == nil {
		return nil
	}
	err := s.group.Verify(s.pid)
	if differs, ok := errors.AsType[*cgroup.Mismatch](err); ok {
		return &VerifyError{differs.What, differs.Want, differs.Got}
	}
	return err
}

// leaveCgroup adds to the worker's exit what its cgroup knows of it, and removes the cgroup. Everything in the jail has ended.
func (w *Worker) leaveCgroup() {
	if w.group == nil {
		return
	}
	e, err := w.group.Events()
	w.exit.OOM, w.exit.PidsRefused = e.OOMKills > 0, e.PidsMax
	if err = errors.Join(err, w.group.Remove()); err != nil {
		w.s.o.Log.Warn("worker's cgroup", zap.String("worker", w.name), zap.Error(err))
	}
}

// killCgroup kills what is in the worker's cgroup.
func (w *Worker) killCgroup() error {
	if w.group == nil {
		return nil
	}
	if err := w.group.Kill(); err != nil {
		return fmt.Errorf("worker %s: %w", w.name, err)
	}
	return nil
}

// Statm opens /proc/PID/statm of the program, for somebody who has no /proc (proc_pid_statm(5)). The caller closes it. Reading it fails
// when the program has ended.
func (w *Worker) Statm() (*os.File, error) {
	f, err := os.Open("/proc/" + strconv.Itoa(w.pid) + "/statm")
	if err != nil {
		return nil, fmt.Errorf("worker %s: %w", w.name, err)
	}
	// Only now it is certain that the pid was still its own.
	w.mu.Lock()
	err = unix.ESRCH
	if w.worker >= 0 {
		err = unix.PidfdSendSignal(w.worker, 0, nil, 0)
	}
	w.mu.Unlock()
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("worker %s: %w", w.name, err)
	}
	return f, nil
}

// PidsEvents opens pids.events of the worker's cgroup, in which the kernel counts refused processes. The caller closes it. It is nil
// where neither the worker nor its pool has a limit of processes.
func (w *Worker) PidsEvents() (*os.File, error) {
	if w.group == nil {
		return nil, nil
	}
	return w.group.PidsEvents()
}

// PoolPidsEvents opens the file of the same form for what the limit of all the pool's workers together refused to any of them. The caller
// closes it. It is nil where there is no such limit, or the kernel counts it where PidsEvents looks.
func (w *Worker) PoolPidsEvents() (*os.File, error) {
	if w.group == nil {
		return nil, nil
	}
	return w.group.PoolPidsEvents()
}
