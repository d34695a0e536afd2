package main

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

//go:embed pages
var pages embed.FS

// startTimeout is how long the whole stand may take until every site answers.
const startTimeout = 20 * time.Second

// stand is everything that runs while the benchmark measures: both servers and nginx in front of them, with their files in one directory.
type stand struct {
	dir     string
	servers map[string]*server // by Variant.Server
	web     *web
}

// startStand starts what variants need. The caller stops it; on an error it has stopped itself.
func startStand(ctx context.Context, p php, variants []Variant) (_ *stand, err error) {
	// Neither in /tmp nor in /var/tmp: a jail has its own.
	dir, err := os.MkdirTemp("/srv", "jpm-bench-")
	if err != nil {
		return nil, err
	}
	s := &stand{dir: dir, servers: map[string]*server{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	// nginx and the workers are other users.
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	sub, err := fs.Sub(pages, "pages")
	if err != nil {
		return nil, err
	}
	if err := os.CopyFS(filepath.Join(dir, "www"), sub); err != nil {
		return nil, err
	}
	for _, v := range variants {
		if s.servers[v.Server] != nil {
			continue
		}
		srv, err := startServer(ctx, v.Server, dir, p)
		if err != nil {
			return nil, err
		}
		s.servers[v.Server] = srv
	}
	if s.web, err = startNginx(dir, variants, s.servers); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for _, v := range variants {
		if err := s.ready(ctx, v); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// startServer starts the server that Variant.Server names.
func startServer(ctx context.Context, name, dir string, p php) (*server, error) {
	switch name {
	case fpm.Server:
		return startFPM(dir, p)
	case jpm.Server:
		if err := buildJPM(ctx, dir); err != nil {
			return nil, err
		}
		return startJPM(dir, p)
	}
	return nil, fmt.Errorf("start %q: no such server", name)
}

// stop ends everything, also of a stand that is only half started, and removes its files. It reports what did not end as it should.
func (s *stand) stop() error {
	var errs []error
	if s.web != nil {
		errs = append(errs, s.web.stop())
	}
	for _, srv := range s.servers {
		errs = append(errs, srv.stop())
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

// probe is what pages/probe.php answers.
type probe struct {
	SAPI    string `json:"sapi"`
	Version string `json:"version"`
	OPcache bool   `json:"opcache"`
}

// ready waits until v's site answers, and checks that its PHP uses OPcache.
func (s *stand) ready(ctx context.Context, v Variant) error {
	for {
		body, err := s.get(ctx, v, "probe.php")
		if err == nil {
			var p probe
			if err := json.Unmarshal(body, &p); err != nil {
				return fmt.Errorf("%s answers probe.php: %w: %q", v, err, body)
			}
			if !p.OPcache {
				return fmt.Errorf("%s (PHP %s, %s): OPcache is off", v, p.Version, p.SAPI)
			}
			return nil
		}
		if s.servers[v.Server].ended() != nil || s.web.ended() != nil {
			return fmt.Errorf("%s does not start", v) // why, stop tells
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w; last: %w; its log: %s", v, context.Cause(ctx), err, s.servers[v.Server].tail())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// get asks v's site for a page, once.
func (s *stand) get(ctx context.Context, v Variant, page string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.web.url[v]+"/"+page, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %s", req.URL, resp.Status)
	}
	return body, nil
}
