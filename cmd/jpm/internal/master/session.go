package master

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"jpm/cmd/jpm/internal/link"
	"jpm/cmd/jpm/internal/logs"
	"jpm/jail"
)

// errHostile ends a session whose proxy asked for something no honest proxy asks for.
var errHostile = errors.New("the proxy broke the protocol")

// session is one life of the proxy and of the workers it asked for.
type session struct {
	*master
	link   *link.Conn
	proxy  *jail.Worker
	events chan func() error // run by session.run, in order; an error ends the session
	ctx    context.Context   // ends with the session
	cancel context.CancelFunc
	tasks  sync.WaitGroup // the goroutines that post events

	slots map[place]*life // owned by run
	ready bool            // owned by run
}

// place is a slot of a pool. It holds at most one worker.
type place struct{ pool, slot uint16 }

// life is one worker from the moment the proxy asked for it until its end was reported.
type life struct {
	id     link.Worker
	cancel context.CancelFunc // gives up the start
	worker *jail.Worker       // nil while it starts
}

// newSession starts a proxy and tells it everything it needs to know.
func newSession(ctx context.Context, m *master) (*session, error) {
	conn, far, err := link.Pair()
	if err != nil {
		return nil, err
	}
	defer far.Close()
	proxy, err := m.spawner.StartProxy(m.proxyJail, m.exe, m.opts.ProxyArgv, []*os.File{far, m.logFile.File()})
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("proxy: %w", err)
	}
	s := &session{master: m, link: conn, proxy: proxy, events: make(chan func() error), slots: map[place]*life{}}
	s.ctx, s.cancel = context.WithCancel(ctx)
	// Without a reader the socket buffer could fill while we still send, so the proxy reads from its first moment.
	if err := s.introduce(); err != nil {
		s.proxy.Log().Close()
		s.end()
		return nil, fmt.Errorf("proxy: %w", err)
	}
	return s, nil
}

// introduce sends the configuration and the listening sockets.
func (s *session) introduce() error {
	setup := link.Setup{Config: *s.config, Version: s.opts.Version, Pid: s.proxy.Pid(), Jails: s.layers, ProxyJail: Layers(s.proxyJail)}
	f, err := setup.File()
	if err != nil {
		return err
	}
	defer f.Close()
	if err := s.link.Send(link.Message{Kind: link.Config}, f); err != nil {
		return err
	}
	for pool, ls := range s.listeners {
		for _, l := range ls {
			if err := s.link.Send(link.Message{Kind: link.Listener, Worker: link.Worker{Pool: uint16(pool)}}, l.file); err != nil {
				return err
			}
		}
	}
	if s.status != nil {
		if err := s.link.Send(link.Message{Kind: link.StatusListener}, s.status.file); err != nil {
			return err
		}
	}
	if s.incidents != nil {
		if err := s.link.Send(link.Message{Kind: link.IncidentFile}, s.incidents.File()); err != nil {
			return err
		}
	}
	return s.link.Send(link.Message{Kind: link.Begin})
}

// run serves the proxy until it is gone, the context ends, or it misbehaves. When it returns, the proxy and all its
// workers are dead and reaped. The error says why; it is never nil.
func (s *session) run() error {
	s.tasks.Go(s.receive)
	s.tasks.Go(func() { logs.NewOutput(s.log, "proxy output").Copy(s.proxy.Log()) })
	s.tasks.Go(func() {
		exit := s.proxy.Wait()
		s.post(func() error { return fmt.Errorf("the proxy ended: %v", exit) })
	})
	var err error
	for err == nil {
		select {
		case <-s.ctx.Done():
			err = s.ctx.Err()
		case f := <-s.events:
			err = f()
		}
	}
	s.end()
	return err
}

// end kills and reaps everything the session started.
func (s *session) end() {
	s.cancel()
	s.proxy.Kill()
	for _, l := range s.slots {
		if l.worker != nil {
			l.worker.Kill()
		}
	}
	s.proxy.Wait() // before the link is closed, which would only make it complain
	s.link.Close()
	s.tasks.Wait()
	s.proxy.Close()
}

// post hands f to run and says whether run took it, which is before f has run.
func (s *session) post(f func() error) bool {
	select {
	case s.events <- f:
		return true
	case <-s.ctx.Done():
		return false
	}
}

// receive reads the proxy's messages until the link breaks.
func (s *session) receive() {
	for {
		m, _, err := s.link.Receive() // nothing the proxy may send carries descriptors
		if err != nil && !errors.Is(err, link.ErrMalformed) {
			return // the proxy has ended, and Wait says how
		}
		if err != nil {
			s.post(func() error { return fmt.Errorf("%w: %w", errHostile, err) })
			return
		}
		if !s.post(func() error { return s.handle(m) }) {
			return
		}
	}
}

// handle carries out one message, as hostile input: the pool and the slot must exist, and a start needs a free slot.
// Messages about a worker that has just ended have crossed its Exited and are dropped.
func (s *session) handle(m link.Message) error {
	if m.Kind == link.Ready {
		if s.ready {
			return fmt.Errorf("%w: ready twice", errHostile)
		}
		s.ready = true
		s.log.Info("ready", zap.Int("proxy_pid", s.proxy.Pid()), zap.Int64("start_ms", time.Since(s.began).Milliseconds()))
		return nil
	}
	id := m.Worker
	if int(id.Pool) >= len(s.config.Pools) || int(id.Slot) >= s.config.Pools[id.Pool].Workers.Max {
		return fmt.Errorf("%w: %v for pool %d, slot %d", errHostile, m.Kind, id.Pool, id.Slot)
	}
	l := s.slots[place{id.Pool, id.Slot}]
	if m.Kind == link.Start {
		if l != nil {
			return fmt.Errorf("%w: start in a taken slot of pool %s", errHostile, s.config.Pools[id.Pool].Name)
		}
		s.start(id)
		return nil
	}
	if l == nil || l.id != id {
		return nil
	}
	switch {
	case m.Kind == link.Dial && l.worker != nil:
		s.dial(l)
	case m.Kind == link.Term && l.worker != nil:
		s.signal(l, "term", l.worker.Term)
	case m.Kind == link.Kill && l.worker != nil:
		s.signal(l, "kill", l.worker.Kill)
	case m.Kind == link.Term, m.Kind == link.Kill:
		l.cancel()
	}
	return nil
}

// signal sends a signal. That the worker is dead already is no error: its end is on the way.
func (s *session) signal(l *life, name string, send func() error) {
	if err := send(); err != nil && !errors.Is(err, unix.ESRCH) && !errors.Is(err, os.ErrProcessDone) {
		s.poolLog(l.id).Error("signal", zap.String("signal", name), zap.Error(err))
	}
}

func (s *session) poolLog(id link.Worker) *zap.Logger {
	return s.log.With(zap.String("pool", s.config.Pools[id.Pool].Name), zap.Uint16("worker", id.Slot))
}
