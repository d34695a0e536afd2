package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"

	"jpm/cmd/jpm/internal/link"
	"jpm/cmd/jpm/internal/logs"
	"jpm/fcgi"
	"jpm/pool"
	"jpm/status"
)

// The descriptors the master leaves us, besides 0 to 2.
const (
	linkFD = 3
	logFD  = 4
)

// drainLimit bounds how long Drain waits for requests. Each has its own time limit; this is for a peer that reads
// its answer a byte at a time.
const drainLimit = 10 * time.Minute

// proxy is the whole process.
type proxy struct {
	log    *zap.Logger
	file   *logs.File
	apart  *logs.File // of incidents; nil if they go to the log
	link   *link.Conn
	loops  []*fcgi.Loop // do all FastCGI
	setup  *link.Setup
	sites  []*site
	status net.Listener // nil without a status endpoint
	began  time.Time
	front  sync.WaitGroup
}

// Run is the proxy's main: it returns when the master has gone or has asked it to drain and it has done so.
func Run() error {
	f := os.NewFile(linkFD, "link")
	conn, err := link.Open(f, link.Proxy)
	f.Close()
	if err != nil {
		return err
	}
	p := &proxy{began: time.Now(), link: conn, file: logs.Wrap(os.NewFile(logFD, "log"))}
	if err := p.introduce(); err != nil {
		return fmt.Errorf("introduction: %w", err)
	}
	for _, s := range p.sites {
		lg, err := p.incidentLog(s)
		if err != nil {
			return err
		}
		s.incidents = newIncidents(lg)
	}
	p.serve()
	return p.follow()
}

// serve starts everything that runs until the end.
func (p *proxy) serve() {
	for _, s := range p.sites {
		s.pool.Up()
		for _, ln := range s.listeners {
			p.front.Go(func() {
				if err := s.front.Serve(ln); !errors.Is(err, fcgi.ErrClosed) {
					s.log.Error("accept", zap.Error(err))
				}
			})
		}
	}
	if p.status == nil {
		return
	}
	srv := status.NewServer(status.Handler(p.snapshot))
	srv.ErrorLog = zap.NewStdLog(p.log)
	go func() {
		if err := srv.Serve(p.status); !errors.Is(err, http.ErrServerClosed) {
			p.log.Error("status endpoint", zap.Error(err))
		}
	}()
}

func (p *proxy) snapshot() status.Snapshot {
	s := status.Snapshot{Program: p.setup.Version, StartTime: p.began, ProxyPID: p.setup.Pid, Jails: p.setup.Jails, ProxyJail: p.setup.ProxyJail,
		Incidents: make(map[string]status.Incidents, len(p.sites))}
	for _, site := range p.sites {
		s.Pools = append(s.Pools, site.pool.Snapshot())
		s.Incidents[site.config.Name] = site.incidents.snapshot()
	}
	return s
}

// follow acts on the master's messages until the link breaks or a drain has ended.
func (p *proxy) follow() error {
	drained := make(chan error, 1)
	ended := make(chan error, 1)
	go func() {
		for {
			m, files, err := p.link.Receive()
			if err != nil {
				ended <- fmt.Errorf("the master is gone: %w", err)
				return
			}
			switch m.Kind {
			case link.Drain:
				go func() { drained <- p.drain() }()
			case link.LogFile:
				p.file.Replace(files[0])
			case link.IncidentFile:
				if p.apart != nil {
					p.apart.Replace(files[0])
				}
			default:
				if int(m.Worker.Pool) < len(p.sites) {
					p.sites[m.Worker.Pool].event(m, files)
				}
			}
		}
	}()
	select {
	case err := <-ended:
		return err
	case err := <-drained:
		return err
	}
}

// drain finishes what runs, takes nothing new, and returns when the last worker has gone.
func (p *proxy) drain() error {
	ctx, cancel := context.WithTimeout(context.Background(), drainLimit)
	defer cancel()
	var wg sync.WaitGroup
	for _, s := range p.sites {
		wg.Go(func() {
			if err := s.front.Shutdown(ctx); err != nil {
				s.log.Warn("requests given up", zap.Error(err))
			}
			s.pool.Drain()
			waitFor(ctx, s.pool)
		})
	}
	wg.Wait()
	p.log.Info("drained")
	return nil
}

// waitFor waits until a pool has no worker left, and closes it if that takes too long.
func waitFor(ctx context.Context, pl *pool.Pool) {
	select {
	case <-pl.Done():
	case <-ctx.Done():
		pl.Close()
		<-pl.Done()
	}
}
