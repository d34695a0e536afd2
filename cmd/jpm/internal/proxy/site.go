package proxy

import (
	"errors"
	"net/netip"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"jpm/cmd/jpm/internal/link"
	"jpm/cmd/jpm/internal/logs"
	"jpm/config"
	"jpm/fcgi"
	"jpm/pool"
)

// site is one pool with its front: the sockets a web server connects to, and the workers behind them.
type site struct {
	index  uint16
	config *config.Pool
	log    *zap.Logger
	rule   scriptRule
	pool   *pool.Pool
	front  *fcgi.Proxy
	output *logs.Output
	tally  tally
	// incidents is set before the pool is up.
	incidents *incidents
	link      *link.Conn

	gauges []atomic.Pointer[gauge] // by slot; nil where nothing is limited
	// poolPids is how many processes the pool's own limit had refused when that was last looked at, from the first worker on, when counted
	// has been done.
	poolPids atomic.Uint64
	counted  sync.Once

	listeners []fcgi.Listener
	stillborn map[pool.ID]error // owned by the link's reader; workers that run but could not be taken over
}

func newSite(index uint16, c *config.Pool, l *link.Conn, loop *fcgi.Loop, log *zap.Logger) *site {
	s := &site{index: index, config: c, log: log.With(zap.String("pool", c.Name)), rule: newScriptRule(c), link: l, stillborn: map[pool.ID]error{}}
	s.gauges = make([]atomic.Pointer[gauge], c.Workers.Max)
	s.tally = tally{limit: uint64(c.Recycle.Denials), window: c.Recycle.Window}
	s.output = logs.NewOutput(s.log, "worker output")
	s.pool = pool.New(*c, s, s)
	s.front = &fcgi.Proxy{
		Loop: loop,
		Pick: s.pick,
		Limits: fcgi.Limits{
			MaxParams:     c.Request.MaxParams,
			MaxBody:       c.Request.MaxBody,
			HeaderTimeout: c.Request.HeaderTimeout,
		},
		MaxReqs:    c.Workers.Max + c.Queue.Length,
		NeedLength: c.PHPCGI(),
		Log:        s.log,
		Account:    s.account,
		Stderr:     s.stderr,
	}
	return s
}

// listen takes over the next of the pool's sockets, which come in the order of its listen blocks.
func (s *site) listen(f *os.File) error {
	if len(s.listeners) == len(s.config.Listen) {
		return errors.New("more sockets than listen blocks")
	}
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	clients := s.config.Listen[len(s.listeners)].Clients
	// Only TCP clients are asked for their address. For unix sockets the mode of their file decides.
	allow := func(a netip.Addr) bool { return contains(clients, a) }
	s.listeners = append(s.listeners, fcgi.Listener{File: os.NewFile(uintptr(fd), f.Name()), Allow: allow})
	return nil
}

// contains says whether an address is on a list of allowed_clients.
func contains(list []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(a) })
}

// The Starter of the pool: each call is a message to the master. A message that cannot be sent needs no answer here:
// the link is broken, and the link's reader ends the process.

// Start implements pool.Starter.
func (s *site) Start(id pool.ID) { s.send(link.Start, id) }

// Dial implements pool.Starter.
func (s *site) Dial(id pool.ID) { s.send(link.Dial, id) }

// Term implements pool.Starter.
func (s *site) Term(id pool.ID) { s.send(link.Term, id) }

// Kill implements pool.Starter.
func (s *site) Kill(id pool.ID) { s.send(link.Kill, id) }

func (s *site) send(k link.Kind, id pool.ID) {
	if err := s.link.Send(link.Message{Kind: k, Worker: link.Worker{Pool: s.index, Slot: id.Slot, Gen: id.Gen}}); err != nil {
		s.log.Error("link", zap.Error(err))
	}
}

// event turns a message about one of the site's workers into an event of the pool.
func (s *site) event(m link.Message, files []*os.File) {
	id := pool.ID{Slot: m.Worker.Slot, Gen: m.Worker.Gen}
	switch m.Kind {
	case link.Started:
		conn, err := fcgi.FileConn(files[0])
		if err != nil {
			// Out of descriptors. The slot is free when the worker has gone, so only then the start has failed.
			for _, f := range files[1:] {
				f.Close()
			}
			s.stillborn[id] = err
			s.Kill(id)
			return
		}
		s.gauge(id, m, files[2:])
		go s.output.Copy(files[1], zap.Uint16("worker", id.Slot), zap.Int("pid", m.Pid))
		s.pool.Started(id, pool.Process{Pid: m.Pid, Conn: conn})
	case link.StartFailed:
		s.pool.StartFailed(id, errors.New(m.Text))
	case link.Dialed:
		conn, err := fcgi.FileConn(files[0])
		if err != nil {
			s.pool.Dialed(id, nil, err)
			return
		}
		s.pool.Dialed(id, conn, nil)
	case link.DialFailed:
		s.pool.Dialed(id, nil, errors.New(m.Text))
	case link.Denied:
		s.denied(id, m.Denial)
	case link.Exited:
		if err, ok := s.stillborn[id]; ok {
			delete(s.stillborn, id)
			s.pool.StartFailed(id, err)
			return
		}
		s.pool.Exited(id, pool.Exit{Code: m.Code, Signal: m.Signal, Core: m.Core, OOM: m.OOM, Refused: m.Refused, Call: m.Text})
	}
}
