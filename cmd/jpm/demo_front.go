package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"jpm/cmd/jpm/internal/client"
)

// demoTimeout bounds one request of the demo.
const demoTimeout = 65 * time.Second

// demoFront is the demo's web server: HTTP on descriptor 3, FastCGI to socket, every path to one script.
// It runs as an ordinary user, in a process of its own, and ends with SIGTERM. It is for a look, not for a site:
// a header line of an answer may have 1 KiB, and answers are not streamed.
func demoFront(socket, script string) error {
	f := os.NewFile(3, "http")
	ln, err := net.FileListener(f)
	f.Close()
	if err != nil {
		return err
	}
	srv := &http.Server{
		Handler:           demoHandler(socket, script),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       demoTimeout,
		WriteTimeout:      2 * demoTimeout,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGTERM, unix.SIGINT)
	defer stop()
	go func() {
		<-ctx.Done()
		srv.Close()
	}()
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func demoHandler(socket, script string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), demoTimeout)
		defer cancel()
		params := client.HeaderParams(r.Header)
		params["HTTP_HOST"] = r.Host
		params["SCRIPT_FILENAME"] = script
		params["SCRIPT_NAME"] = r.URL.Path
		params["DOCUMENT_ROOT"] = script[:strings.LastIndexByte(script, '/')]
		out := &answer{ResponseWriter: w}
		var stderr strings.Builder
		if err := client.Do(r.WithContext(ctx), socket, params, out, &stderr); err != nil {
			fmt.Fprintln(os.Stderr, "jpm demo:", r.URL.Path+":", err)
			if !out.begun {
				http.Error(w, "502 bad gateway: "+err.Error(), http.StatusBadGateway)
				return
			}
			// The client must see that the answer is not whole.
			panic(http.ErrAbortHandler)
		}
	})
}

// answer knows whether the client has been given something yet.
type answer struct {
	http.ResponseWriter
	begun bool
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	a.begun = true
	a.ResponseWriter.WriteHeader(status)
}
