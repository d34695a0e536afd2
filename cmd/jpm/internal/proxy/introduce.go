package proxy

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"jpm/cmd/jpm/internal/link"
	"jpm/cmd/jpm/internal/logs"
	"jpm/config"
	"jpm/fcgi"
)

// introduce receives everything up to Begin.
func (p *proxy) introduce() error {
	for {
		m, files, err := p.link.Receive()
		if err != nil {
			return err
		}
		if m.Kind == link.Begin {
			break
		}
		err = p.take(m, files)
		for _, f := range files {
			f.Close()
		}
		if err != nil {
			return fmt.Errorf("%v: %w", m.Kind, err)
		}
	}
	if p.setup == nil {
		return errors.New("no configuration")
	}
	return p.link.Send(link.Message{Kind: link.Ready})
}

// take handles one message of the introduction. The caller closes the files.
func (p *proxy) take(m link.Message, files []*os.File) error {
	if p.setup == nil && m.Kind != link.Config {
		return errors.New("before the configuration")
	}
	switch m.Kind {
	case link.Config:
		var err error
		if p.setup, err = link.ReadSetup(files[0]); err != nil {
			return err
		}
		lg, err := logs.New(p.setup.Config.Log, p.file)
		if err != nil {
			return err
		}
		p.log = lg.With(zap.String("role", "proxy"))
		if p.loops, err = newLoops(p.setup.Config.Proxy.Threads, p.log); err != nil {
			return err
		}
		for i := range p.setup.Config.Pools {
			p.sites = append(p.sites, newSite(uint16(i), &p.setup.Config.Pools[i], p.link, p.loops[i%len(p.loops)], p.log))
		}
	case link.Listener:
		if int(m.Worker.Pool) >= len(p.sites) {
			return errors.New("no such pool")
		}
		return p.sites[m.Worker.Pool].listen(files[0])
	case link.StatusListener:
		ln, err := net.FileListener(files[0])
		if err != nil {
			return err
		}
		if ul, ok := ln.(*net.UnixListener); ok {
			ul.SetUnlinkOnClose(false)
		}
		p.status = ln
	case link.IncidentFile:
		fd, err := unix.FcntlInt(files[0].Fd(), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return err
		}
		p.apart = logs.Wrap(os.NewFile(uintptr(fd), "incidents"))
	default:
		return errors.New("unexpected")
	}
	return nil
}

// incidentLog is where a site's incidents are written.
func (p *proxy) incidentLog(s *site) (*zap.Logger, error) {
	if p.apart == nil {
		return s.log, nil
	}
	lg, err := logs.New(config.Log{Level: "info", Format: "json"}, p.apart)
	if err != nil {
		return nil, err
	}
	return lg.With(zap.String("pool", s.config.Name)), nil
}

// newLoops starts the threads that relay.
func newLoops(n int, log *zap.Logger) ([]*fcgi.Loop, error) {
	// One more for the rest. Still more would only wake each other up.
	runtime.GOMAXPROCS(n + 1)
	var loops []*fcgi.Loop
	for range n {
		l, err := fcgi.NewLoop(log)
		if err != nil {
			return nil, err
		}
		loops = append(loops, l)
	}
	return loops, nil
}
