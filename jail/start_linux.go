package jail

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"jpm/jail/internal/seccomp"
	"jpm/jail/plan"
)

// Start starts a worker of a pool that AddPool knows: listener, jail, program, checks. It comes back when the worker has accepted
// its first connection. name labels it in errors. When it fails, by ctx too, nothing is left of the worker, and the error is a
// *StepError, a *VerifyError, or says what the master itself could not do.
//
// denied is told of every system call that the worker's profile denies, if the host has Host.Listener. It is called one call at a
// time, from before Start returns until the worker has ended, and while it runs the worker's next denied call waits. Wait returns
// after the last. It may be nil.
func (s *Spawner) Start(ctx context.Context, j *Jail, name string, denied func(Denial)) (*Worker, error) {
	w, err := s.start(ctx, j, launch{name: name, plan: *j.plan, listen: true, profile: j.denials, denied: denied})
	if err != nil {
		return nil, fmt.Errorf("start worker %s: %w", name, err)
	}
	return w, nil
}

// StartProxy starts jpm's proxy in the jail that CompileProxy made: exe is executed by descriptor, so no path of it need exist in
// the jail. The extra files become descriptors 3, 4, ... in order; the caller keeps its own. Descriptor 0 is /dev/null, 1 and 2 are
// the pipe behind Log. The Worker has no connection: Conn is nil and Dial fails.
func (s *Spawner) StartProxy(j *Jail, exe *os.File, argv []string, extra []*os.File) (*Worker, error) {
	w, err := s.start(context.Background(), j, proxyLaunch(j, exe, argv, extra))
	if err != nil {
		return nil, fmt.Errorf("start proxy: %w", err)
	}
	return w, nil
}

func proxyLaunch(j *Jail, exe *os.File, argv []string, extra []*os.File) launch {
	l := launch{name: j.Name(), plan: *j.plan, exe: exe, extra: extra}
	l.plan.Argv, l.plan.Extra = slices.Clone(argv), len(extra)
	return l
}

// launch is one start: the jail's plan with what belongs to this start only.
type launch struct {
	name   string
	plan   plan.Plan
	listen bool
	exe    *os.File
	extra  []*os.File
	// profile answers denied calls and denied hears of them, where the plan has a listener.
	profile *seccomp.Profile
	denied  func(Denial)
	// found gets what a look at every layer shows, in place of the check that the first difference fails.
	found *[]Finding
}

func (s *Spawner) start(ctx context.Context, j *Jail, l launch) (_ *Worker, err error) {
	l.plan.SkipStep = s.o.skipStep
	program, err := findProgram(&l.plan, l.exe)
	if err != nil {
		return nil, err
	}
	w := &Worker{s: s, name: l.name, listener: -1, init: -1, worker: -1, done: make(chan struct{})}
	if err := s.do(func() error { return s.fork(j, l, w) }); err != nil {
		w.release()
		w.leaveCgroup()
		w.closeFiles()
		return nil, err
	}
	go w.wait()
	defer func() {
		if err == nil {
			return
		}
		// A program that ended by itself fails the checks in whatever way its last moments look; how it ended is the better news.
		var step *StepError
		ended := !errors.As(err, &step) && w.endsBy(20*time.Millisecond)
		w.Close()
		w.closeFiles()
		if ended {
			err = fmt.Errorf("%w: %v", errGone, w.exit)
		}
	}()
	stop := context.AfterFunc(ctx, func() { w.Kill() })
	defer func() {
		if !stop() && err != nil {
			err = fmt.Errorf("%w (%v)", context.Cause(ctx), err)
		}
	}()
	if err := w.handshake(&l); err != nil {
		return nil, err
	}
	switch {
	case l.found != nil:
		if err := w.measure(j, &l, program); err != nil {
			return nil, err
		}
	case !s.o.skipVerify:
		if err := w.verify(&l.plan, program); err != nil {
			return nil, err
		}
		if err := w.verifySockets(j); err != nil {
			return nil, err
		}
	}
	if l.listen {
		if err := w.accepted(ctx); err != nil {
			return nil, fmt.Errorf("first connection: %w", err)
		}
	}
	return w, ctx.Err()
}
