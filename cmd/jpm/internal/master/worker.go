package master

import (
	"context"
	"fmt"
	"os"

	"go.uber.org/zap"

	"jpm/cmd/jpm/internal/link"
	"jpm/jail"
)

// start begins one life of a worker: started, watched, reported at its end.
func (s *session) start(id link.Worker) {
	p := s.config.Pools[id.Pool]
	ctx, cancel := context.WithTimeout(s.ctx, p.Workers.StartTimeout)
	l := &life{id: id, cancel: cancel}
	s.slots[place{id.Pool, id.Slot}] = l
	s.tasks.Go(func() {
		defer cancel()
		w, err := s.spawner.Start(ctx, s.jails[id.Pool], fmt.Sprintf("%d-%d-%d", id.Pool, id.Slot, id.Gen),
			func(d jail.Denial) { s.post(func() error { return s.denied(l, d) }) })
		if err != nil {
			s.post(func() error { return s.startFailed(l, err) })
			return
		}
		if s.post(func() error { return s.started(l, w) }) {
			s.watch(l, w)
			return
		}
		w.Conn().Close()
		w.Log().Close()
		w.Kill()
		w.Wait()
		w.Close()
	})
}

func (s *session) startFailed(l *life, err error) error {
	s.forget(l)
	s.poolLog(l.id).Error("worker start failed", zap.Error(err))
	return s.link.Send(link.Message{Kind: link.StartFailed, Worker: l.id, Text: err.Error()})
}

func (s *session) started(l *life, w *jail.Worker) error {
	l.worker = w
	conn, out := w.Conn(), w.Log()
	defer conn.Close()
	defer out.Close()
	files := []*os.File{conn, out}
	gauges, more, err := s.gauges(l, w)
	if err != nil {
		// It has ended, or cannot be held to its limits: not one to serve.
		s.poolLog(l.id).Warn("gauges", zap.Error(err))
		w.Kill()
	}
	for _, f := range more {
		defer f.Close()
	}
	return s.link.Send(link.Message{Kind: link.Started, Worker: l.id, Pid: w.Pid(), Gauges: gauges}, append(files, more...)...)
}

// gauges opens what the proxy looks at after each request, as far as the pool has limits for it. The caller closes the files, after an
// error too.
func (s *session) gauges(l *life, w *jail.Worker) (link.Gauges, []*os.File, error) {
	var which link.Gauges
	var files []*os.File
	limits := s.config.Pools[l.id.Pool].Limits
	if limits.MaxRSS > 0 {
		f, err := w.Statm()
		if err != nil {
			return which, files, err
		}
		which, files = which|link.Statm, append(files, f)
	}
	for _, g := range []struct {
		bit  link.Gauges
		open func() (*os.File, error)
	}{{link.PidsEvents, w.PidsEvents}, {link.PoolPids, w.PoolPidsEvents}} {
		f, err := g.open()
		if err != nil {
			return which, files, err
		}
		if f != nil {
			which, files = which|g.bit, append(files, f)
		}
	}
	return which, files, nil
}

// watch waits for the worker's end and reports it.
func (s *session) watch(l *life, w *jail.Worker) {
	exit := w.Wait()
	s.post(func() error {
		s.forget(l)
		return s.link.Send(link.Message{Kind: link.Exited, Worker: l.id, Code: exit.Code, Signal: exit.Signal, Core: exit.Core,
			OOM: exit.OOM, Refused: uint32(min(exit.PidsRefused, 1<<30-1)), Text: exit.Call})
	})
	w.Close()
}

// dial makes a fresh connection to a worker. That takes as long as the worker is busy with a request that was given up.
// There is no answer when the worker has ended meanwhile: its end was one.
func (s *session) dial(l *life) {
	w := l.worker
	s.tasks.Go(func() {
		conn, err := w.Dial(s.ctx)
		taken := s.post(func() error { return s.dialed(l, conn, err) })
		if !taken && err == nil {
			conn.Close()
		}
	})
}

func (s *session) dialed(l *life, conn *os.File, err error) error {
	if err == nil {
		defer conn.Close()
	}
	switch {
	case s.slots[place{l.id.Pool, l.id.Slot}] != l:
		return nil
	case err != nil:
		return s.link.Send(link.Message{Kind: link.DialFailed, Worker: l.id, Text: err.Error()})
	}
	return s.link.Send(link.Message{Kind: link.Dialed, Worker: l.id}, conn)
}

func (s *session) forget(l *life) { delete(s.slots, place{l.id.Pool, l.id.Slot}) }
