// Package logs makes the loggers of jpm's processes: one format, one file, shared by descriptor.
package logs

import (
	"fmt"
	"os"
	"sync"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"jpm/config"
)

// New makes a logger in the format and with the level that c asks for. It writes each line with one call to w.
func New(c config.Log, w zapcore.WriteSyncer) (*zap.Logger, error) {
	level, err := zapcore.ParseLevel(c.Level)
	if err != nil {
		return nil, fmt.Errorf("log: %w", err)
	}
	ec := zap.NewProductionEncoderConfig()
	ec.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	enc := zapcore.NewJSONEncoder(ec)
	if c.Format == "console" {
		ec.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05.000")
		enc = zapcore.NewConsoleEncoder(ec)
	}
	return zap.New(zapcore.NewCore(enc, w, level)), nil
}

// File is a log file that can be replaced while loggers write to it. It implements zapcore.WriteSyncer.
type File struct {
	path string // empty for standard error and for descriptors that came from elsewhere

	mu   sync.Mutex
	file *os.File // guarded by mu
}

// Open opens the log that output names: "stderr" or a path, created with mode 0640.
func Open(output string) (*File, error) {
	if output == "stderr" {
		return &File{file: os.Stderr}, nil
	}
	f, err := openPath(output)
	if err != nil {
		return nil, err
	}
	return &File{path: output, file: f}, nil
}

// Wrap makes a File of an open descriptor, which it owns from then on.
func Wrap(f *os.File) *File { return &File{file: f} }

func openPath(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		return nil, fmt.Errorf("log: %w", err)
	}
	return f, nil
}

// Write implements io.Writer.
func (l *File) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Write(b)
}

// Sync does nothing: lines are written unbuffered.
func (l *File) Sync() error { return nil }

// File is the descriptor in use, good until the next Reopen or Replace.
func (l *File) File() *os.File {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file
}

// Reopen opens the path again after a rotation has moved the file away. Without a path it does nothing.
// After an error the old file is still in use.
func (l *File) Reopen() error {
	if l.path == "" {
		return nil
	}
	f, err := openPath(l.path)
	if err != nil {
		return err
	}
	l.Replace(f)
	return nil
}

// Replace writes to f from now on, owns it, and closes the old file.
func (l *File) Replace(f *os.File) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.file.Close()
	l.file = f
}
