package master

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"jpm/cmd/jpm/internal/link"
	"jpm/cmd/jpm/internal/logs"
	"jpm/config"
	"jpm/jail"
	"jpm/status"
)

// Options are what the command line decides.
type Options struct {
	Version   string
	Init      string   // path of jpm-init
	Dir       string   // directory for jpm's own run-time files, made if missing
	ProxyArgv []string // makes our own executable the proxy
}

// master is the state that outlives sessions. It is written before the first one starts, but for the log's file.
type master struct {
	opts      Options
	config    *config.Config
	log       *zap.Logger
	logFile   *logs.File
	incidents *logs.File // nil if incidents go to the log
	spawner   *jail.Spawner
	jails     []*jail.Jail // by pool
	layers    map[string][]status.Layer
	proxyJail *jail.Jail
	exe       *os.File      // our own executable
	listeners [][]*listener // by pool
	status    *listener     // nil without a status endpoint
	began     time.Time
}

// Run serves a configuration until a signal ends it: TERM and INT stop at once, QUIT finishes what runs, USR1 opens
// the log again. It returns nil after a signal, and an error when it could not begin.
func Run(c *config.Config, o Options) (err error) {
	m := &master{opts: o, config: c, began: time.Now(), layers: map[string][]status.Layer{}}
	// Asked for before anything is made that a signal would have to undo.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, unix.SIGTERM, unix.SIGINT, unix.SIGQUIT, unix.SIGUSR1)
	defer signal.Stop(signals)
	defer m.close()
	if err := m.prepare(); err != nil {
		return err
	}
	return m.serve(signals)
}

// prepare makes everything that sessions share. What it has made when it fails, close undoes.
func (m *master) prepare() (err error) {
	if m.logFile, err = logs.Open(m.config.Log.Output); err != nil {
		return err
	}
	lg, err := logs.New(m.config.Log, m.logFile)
	if err != nil {
		return err
	}
	m.log = lg.With(zap.String("role", "master"))
	if out := m.config.Incidents.Output; out != "log" {
		if m.incidents, err = logs.Open(out); err != nil {
			return err
		}
	}
	// The proxy execs this very file even when the path was replaced by a newer version meanwhile.
	if m.exe, err = jail.OpenProgram("/proc/self/exe"); err != nil {
		return err
	}
	host, err := jail.Probe()
	if err != nil {
		return err
	}
	if m.proxyJail, err = jail.CompileProxy(m.config.Proxy.UID, m.config.Proxy.GID, host); err != nil {
		return err
	}
	if m.spawner, err = jail.NewSpawner(jail.Options{Init: m.opts.Init, Dir: m.opts.Dir, Log: m.log}); err != nil {
		return err
	}
	for _, p := range m.config.Pools {
		j, err := jail.Compile(p, host)
		if err != nil {
			return fmt.Errorf("pool %q: %w", p.Name, err)
		}
		if err := m.spawner.AddPool(j); err != nil {
			return fmt.Errorf("pool %q: %w", p.Name, err)
		}
		m.jails = append(m.jails, j)
		m.layers[p.Name] = Layers(j)
	}
	return m.listen()
}

// Layers is the effective jail in the words of the status endpoint.
func Layers(j *jail.Jail) []status.Layer {
	var ls []status.Layer
	for _, l := range j.Explain() {
		ls = append(ls, status.Layer{Layer: l.Layer, Setting: l.Setting, State: string(l.State), Why: l.Why})
	}
	return ls
}

func (m *master) listen() error {
	for _, p := range m.config.Pools {
		var ls []*listener
		for _, c := range p.Listen {
			l, err := listen(c)
			if err != nil {
				m.listeners = append(m.listeners, ls)
				return fmt.Errorf("pool %q: %w", p.Name, err)
			}
			ls = append(ls, l)
		}
		m.listeners = append(m.listeners, ls)
	}
	if m.config.Status.Listen == "" {
		return nil
	}
	var err error
	if m.status, err = listenStatus(m.config.Status); err != nil {
		return fmt.Errorf("status: %w", err)
	}
	return nil
}

// closeListeners stops taking connections: nginx gets a refusal, and tries its next upstream.
func (m *master) closeListeners() {
	for _, ls := range m.listeners {
		for _, l := range ls {
			l.close()
		}
	}
	if m.status != nil {
		m.status.close()
	}
	m.listeners, m.status = nil, nil
}

func (m *master) close() {
	m.closeListeners()
	if m.spawner != nil {
		m.spawner.Close()
	}
	if m.exe != nil {
		m.exe.Close()
	}
}

// A proxy that dies is replaced at once; one that keeps dying young, more and more slowly.
const (
	proxyBackoffMin = 100 * time.Millisecond
	proxyBackoffMax = 10 * time.Second
	proxyIsOld      = 10 * time.Second
)

// serve keeps one session alive until a signal says stop.
func (m *master) serve(signals <-chan os.Signal) error {
	m.log.Info("starting", zap.String("version", m.opts.Version), zap.Int("pid", os.Getpid()), zap.Int("pools", len(m.config.Pools)))
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	backoff := proxyBackoffMin
	for first := true; ; first = false {
		s, err := newSession(ctx, m)
		if err != nil && first {
			return err
		}
		began := time.Now()
		if err == nil {
			var stopped bool
			if stopped, err = m.oversee(s, signals); stopped {
				m.log.Info("stopped")
				return nil
			}
		}
		if time.Since(began) > proxyIsOld {
			backoff = proxyBackoffMin
		}
		m.log.Error("proxy replaced", zap.Error(err), zap.Int64("backoff_ms", backoff.Milliseconds()))
		if m.sleep(backoff, signals) {
			m.log.Info("stopped")
			return nil
		}
		backoff = min(2*backoff, proxyBackoffMax)
	}
}

// oversee runs one session and acts on signals meanwhile. It reports whether jpm is to stop, and why the session ended.
func (m *master) oversee(s *session, signals <-chan os.Signal) (bool, error) {
	done := make(chan error, 1)
	go func() { done <- s.run() }()
	stopping := false
	for {
		select {
		case err := <-done:
			return stopping, err
		case sig := <-signals:
			switch {
			case sig == syscall.SIGUSR1:
				m.reopen(s)
			case sig == syscall.SIGQUIT && !stopping:
				stopping = true
				m.log.Info("draining")
				m.closeListeners()
				s.post(func() error { return s.link.Send(link.Message{Kind: link.Drain}) })
			case sig != syscall.SIGQUIT:
				stopping = true
				m.log.Info("stopping", zap.Stringer("signal", sig))
				s.cancel()
			}
		}
	}
}

// sleep waits before the next session, and reports whether a signal said stop.
func (m *master) sleep(d time.Duration, signals <-chan os.Signal) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return false
		case sig := <-signals:
			if sig != syscall.SIGUSR1 {
				return true
			}
			m.reopen(nil)
		}
	}
}

// reopen opens the log, and that of incidents, again and passes them on to the session's proxy, if there is one.
func (m *master) reopen(s *session) {
	if err := m.logFile.Reopen(); err != nil {
		m.log.Error("reopen", zap.Error(err))
		return
	}
	m.log.Info("log reopened")
	if s != nil {
		s.post(func() error { return s.link.Send(link.Message{Kind: link.LogFile}, m.logFile.File()) })
	}
	if m.incidents == nil {
		return
	}
	if err := m.incidents.Reopen(); err != nil {
		m.log.Error("reopen", zap.Error(err))
		return
	}
	if s != nil {
		s.post(func() error { return s.link.Send(link.Message{Kind: link.IncidentFile}, m.incidents.File()) })
	}
}
