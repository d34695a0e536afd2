package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/user"
	"path/filepath"
	"strconv"
	"time"
)

// startTimeout is how long a stand may take until every site answers.
const startTimeout = 20 * time.Second

// stand is everything that runs while a scenario is measured: both servers and nginx in front of them, with their files in one directory.
type stand struct {
	dir     string
	servers map[Server]*server
	web     *web
}

// startStand starts what variants need. The caller stops it; on an error it has stopped itself.
func startStand(ctx context.Context, r *rig, variants ...Variant) (_ *stand, err error) {
	s := &stand{servers: map[Server]*server{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	if s.dir, err = r.place(); err != nil {
		return nil, err
	}
	for _, v := range variants {
		if s.servers[v.Server] != nil {
			continue
		}
		if s.servers[v.Server], err = startServer(r, v.Server); err != nil {
			delete(s.servers, v.Server)
			return nil, err
		}
	}
	if s.web, err = startNginx(s.dir, variants, s.servers); err != nil {
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

// startServer starts a server with its site.
func startServer(r *rig, which Server) (*server, error) {
	dir, err := r.place()
	if err != nil {
		return nil, err
	}
	uid := siteUID
	if which.Program != jpm.Program {
		account, err := user.Lookup("www-data")
		if err != nil {
			return nil, err
		}
		if uid, err = strconv.Atoi(account.Uid); err != nil {
			return nil, err
		}
	}
	st, err := makeSite(which.Site, dir, uid)
	if err != nil {
		return nil, err
	}
	var srv *server
	switch which.Program {
	case fpm.Program:
		srv, err = startFPM(dir, r.php, st)
	case uwsgi.Program:
		srv, err = startUWSGI(dir, st)
	case jpm.Program:
		srv, err = startJPM(dir, filepath.Join(r.dir, "jpm"), r.php, st, which.Proxy)
	default:
		err = fmt.Errorf("start %q: no such server", which.Program)
	}
	if err != nil {
		return nil, errors.Join(err, st.stop())
	}
	return srv, nil
}

// stop ends everything, also of a stand that is only half started. It reports what did not end as it should.
func (s *stand) stop() error {
	var errs []error
	if s.web != nil {
		errs = append(errs, s.web.stop())
	}
	for _, srv := range s.servers {
		errs = append(errs, srv.stop())
	}
	return errors.Join(errs...)
}

// probe is what pages/probe.php answers.
type probe struct {
	SAPI    string `json:"sapi"`
	Version string `json:"version"`
	OPcache bool   `json:"opcache"`
}

// ready waits until v's site answers, and checks that its PHP uses OPcache.
func (s *stand) ready(ctx context.Context, v Variant) error {
	srv := s.servers[v.Server]
	for {
		body, err := s.get(ctx, v, srv.site.probe, 0)
		if err == nil {
			var p probe
			if err := json.Unmarshal(body, &p); err != nil {
				return fmt.Errorf("%s answers %s: %w: %q", v, srv.site.probe, err, body)
			}
			if !p.OPcache {
				return fmt.Errorf("%s (PHP %s, %s): OPcache is off", v, p.Version, p.SAPI)
			}
			return nil
		}
		if srv.ended() != nil || s.web.ended() != nil {
			return fmt.Errorf("%s does not start", v) // why, stop tells
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w; last: %w; its log: %s; nginx's: %s", v, context.Cause(ctx), err, srv.tail(), s.web.tail())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// get asks v's site for a page, once, with a file of so many bytes if upload is not 0.
func (s *stand) get(ctx context.Context, v Variant, page string, upload int) ([]byte, error) {
	method, body, contentType := http.MethodGet, []byte(nil), ""
	if upload > 0 {
		method = http.MethodPost
		body, contentType = form(upload)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.web.url(v)+"/"+page, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if upload > 0 {
		req.Header.Set("Content-Type", contentType)
	}
	// A connection of its own, so that none of ours stays with nginx during a run.
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s %s: %s: %.200q", method, req.URL, resp.Status, answer)
	}
	return answer, nil
}
