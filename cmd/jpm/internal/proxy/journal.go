package proxy

import (
	"net/http"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"jpm/fcgi"
	"jpm/pool"
)

// Transition implements pool.Observer: one line for each change of a worker's state, and an incident when a jail had
// to stop it.
func (s *site) Transition(t pool.Transition) {
	fields := []zap.Field{
		zap.Uint16("worker", t.ID.Slot), zap.Int("pid", t.Pid),
		zap.Stringer("from", t.From), zap.Stringer("to", t.To),
	}
	if t.Reason != pool.ReasonNone {
		fields = append(fields, zap.Stringer("reason", t.Reason))
	}
	if t.Exit != nil {
		fields = append(fields, zap.Int("exit", t.Exit.Code))
		if t.Exit.Signal != 0 {
			fields = append(fields, zap.Stringer("signal", t.Exit.Signal), zap.Bool("core", t.Exit.Core))
		}
	}
	if t.Backoff > 0 {
		fields = append(fields, zap.Int64("backoff_ms", t.Backoff.Milliseconds()))
	}
	if t.Err != nil {
		fields = append(fields, zap.Error(t.Err))
	}
	if h, ok := t.Holder.(*hold); ok {
		if r := h.remembered(); r != nil {
			fields = append(fields, r.fields()...)
		}
	}
	s.log.Log(severity(t), "worker", fields...)
	s.ended(t)
}

// severity is Error for what someone must look into, Warn for what healed by itself, Info for the ordinary life.
func severity(t pool.Transition) zapcore.Level {
	switch {
	case t.From == t.To:
		return zapcore.ErrorLevel
	case t.Err != nil, t.Backoff > 0:
		return zapcore.WarnLevel
	}
	if t.Reason == pool.ReasonMemory && (t.Exit == nil || !t.Exit.OOM) {
		return zapcore.InfoLevel // over max_rss
	}
	switch t.Reason {
	case pool.ReasonNone, pool.ReasonMaxRequests, pool.ReasonShutdown:
		return zapcore.InfoLevel
	}
	return zapcore.WarnLevel
}

// account logs a request's end: what went wrong, and at level debug everything. Overload is counted by the pool and
// told at debug only, because a flood of requests must not become a flood of lines.
func (s *site) account(r *fcgi.Request, res fcgi.Result) {
	level, message := zapcore.DebugLevel, "request"
	if res.Err != nil {
		message = "request failed"
		if res.Status != http.StatusServiceUnavailable {
			level = zapcore.WarnLevel
		}
	}
	entry := s.log.Check(level, message)
	if entry == nil {
		return
	}
	fields := append(describe(r).fields(),
		zap.Int("status", res.Status), zap.Int64("in_bytes", res.InBytes), zap.Int64("out_bytes", res.OutBytes),
		zap.Int64("run_us", runTime(res).Microseconds()))
	if res.Retried {
		fields = append(fields, zap.Bool("retried", true))
	}
	if res.ClientGone {
		fields = append(fields, zap.Bool("client_gone", true))
	}
	if res.Err != nil {
		fields = append(fields, zap.Error(res.Err))
	}
	entry.Write(fields...)
}

// runTime is how long workers had the request, 0 if none did.
func runTime(res fcgi.Result) time.Duration {
	if res.Began.IsZero() {
		return 0
	}
	return time.Since(res.Began)
}

// stderr logs what a script wrote to FCGI_STDERR.
func (s *site) stderr(r *fcgi.Request, up fcgi.Upstream, b []byte) {
	id, pid := up.(*hold).lease.Worker()
	s.output.Write(b, zap.Uint16("worker", id.Slot), zap.Int("pid", pid), zap.String("script", r.Script()), zap.String("uri", r.URI()))
}
