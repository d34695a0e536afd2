package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"time"
)

// Idle measures what idle connections cost jpm's proxy. A run starts jpm anew, makes as many requests over one connection as there will be
// connections, looks at the proxy's PSS, opens the connections, makes one request over each, as nginx has done over those it
// keeps, and looks again. The run's value is the difference in MiB. The kernel's share, its sockets, is not in it.
type Idle struct{ Conns int }

func (e Idle) String() string { return fmt.Sprintf("%d idle connections", e.Conns) }

func (e Idle) sides() (a, b string) { return "", "jpm" }

// idleRuns is how many times jpm is started.
const idleRuns = 3

func (e Idle) measure(ctx context.Context, r *rig) (Result, error) {
	var res Result
	for i := range idleRuns {
		r.told(i + 1)
		run, err := e.run(ctx, r)
		if err != nil {
			return Result{}, err
		}
		res.B = append(res.B, run)
	}
	return res, nil
}

// run is one run.
func (e Idle) run(ctx context.Context, r *rig) (_ Run, err error) {
	srv, err := startServer(r, jpm.Server)
	if err != nil {
		return Run{}, err
	}
	defer func() { err = errors.Join(err, srv.stop()) }()
	request := fcgiRequest(filepath.Join(srv.site.root, "small.php"))
	conn, client, err := srv.connect(ctx, request)
	if err != nil {
		return Run{}, err
	}
	conns := []net.Conn{conn}
	defer func() {
		for _, conn := range conns {
			conn.Close()
		}
	}()
	for range e.Conns {
		if _, err := client.ask(request); err != nil {
			return Run{}, err
		}
	}
	before, err := srv.proxyMemory()
	if err != nil {
		return Run{}, err
	}
	for range e.Conns {
		conn, _, err := srv.connect(ctx, request)
		if err != nil {
			return Run{}, err
		}
		conns = append(conns, conn)
	}
	after, err := srv.proxyMemory()
	if err != nil {
		return Run{}, err
	}
	return Run{Value: after - before}, nil
}

// connect connects to a server's own socket and makes one request, again and again while the server starts.
func (s *server) connect(ctx context.Context, request []byte) (net.Conn, *fcgiClient, error) {
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(20 * time.Millisecond) {
		conn, client, err := s.tryConnect(request)
		if err == nil {
			return conn, client, nil
		}
		if err := errors.Join(s.ended(), ctx.Err()); err != nil {
			return nil, nil, err
		}
		if time.Now().After(deadline) {
			return nil, nil, fmt.Errorf("ask %s: %w; its log: %s", s.name, err, s.tail())
		}
	}
}

func (s *server) tryConnect(request []byte) (net.Conn, *fcgiClient, error) {
	conn, err := net.Dial("unix", s.socket)
	if err != nil {
		return nil, nil, err
	}
	client := newFCGIClient(conn)
	page, err := client.ask(request)
	if err == nil && !bytes.HasSuffix(page, []byte("\r\n\r\nhello\n")) {
		err = fmt.Errorf("small.php answers %q", page)
	}
	if err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	return conn, client, nil
}

// proxyMemory is the PSS of jpm's proxy, in MiB.
func (s *server) proxyMemory() (float64, error) {
	time.Sleep(settle)
	mem, err := s.memory()
	if err != nil {
		return 0, err
	}
	if mem.byRole[jpmProxy] == 0 {
		return 0, errors.New("measure the proxy's memory: no such process")
	}
	return mem.byRole[jpmProxy] / 1024, nil
}
