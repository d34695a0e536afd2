package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"jpm/cmd/jpm/internal/client"
)

// Exit codes of `jpm request` beside 0 (an answer below 400) and 1 (no answer, or half of one).
const (
	exitClientError = 4 // an answer of 400 to 499
	exitServerError = 5 // an answer of 500 and more
)

// requestFlags are the flags of `jpm request`.
type requestFlags struct {
	method  string
	data    string
	uri     string
	params  []string
	timeout time.Duration
}

func requestCommand() *cobra.Command {
	var f requestFlags
	cmd := &cobra.Command{
		Use:   "request [flags] SOCKET SCRIPT",
		Short: "Send one FastCGI request to a socket and print the answer",
		Long: `Send one FastCGI request to a socket and print the answer: status, header, body.
SOCKET is unix:/path, /path, tcp:host:port or host:port; SCRIPT is the SCRIPT_FILENAME.
It speaks to jpm as well as to php-fpm and other FastCGI servers.

Exit codes: 0 an answer below 400, 4 an answer from 400 to 499, 5 an answer of 500 and more,
1 no answer or a broken one, 2 usage.`,
		Example: `  jpm request /run/jpm/shop.sock /srv/shop/public/index.php
  jpm request -X POST -d 'name=x' -p HTTP_HOST=shop.example 127.0.0.1:9000 /srv/shop/public/form.php`,
		Args: usageArgs(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error { return request(cmd, f, args[0], args[1]) },
	}
	fl := cmd.Flags()
	fl.StringVarP(&f.method, "method", "X", "", "method (GET, or POST with --data)")
	fl.StringVarP(&f.data, "data", "d", "", "request body; @FILE reads a file, @- standard input")
	fl.StringVarP(&f.uri, "uri", "u", "", "REQUEST_URI, with the query (the script's base name)")
	fl.StringArrayVarP(&f.params, "param", "p", nil, "NAME=VALUE, a FastCGI parameter; repeatable")
	fl.DurationVar(&f.timeout, "timeout", 70*time.Second, "time for the whole request")
	return cmd
}

func request(cmd *cobra.Command, f requestFlags, socket, script string) error {
	body, err := f.body(cmd.InOrStdin())
	if err != nil {
		return err
	}
	if f.method == "" {
		f.method = http.MethodGet
		if f.data != "" {
			f.method = http.MethodPost
		}
	}
	if f.uri == "" {
		f.uri = "/" + path.Base(script)
	}
	ctx, cancel := context.WithTimeout(context.Background(), f.timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, f.method, "http://localhost"+f.uri, bytes.NewReader(body))
	if err != nil {
		return usageError{err}
	}
	r.RequestURI, r.RemoteAddr = f.uri, "127.0.0.1:0"
	r.Header.Set("Content-Length", fmt.Sprint(len(body)))
	if f.data != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	params := map[string]string{"SCRIPT_FILENAME": script, "SCRIPT_NAME": r.URL.Path, "HTTP_HOST": "localhost"}
	for _, p := range f.params {
		name, value, ok := strings.Cut(p, "=")
		if !ok || name == "" {
			return usageError{fmt.Errorf("--param %q: want NAME=VALUE", p)}
		}
		params[name] = value
	}
	w := &printer{out: bufio.NewWriter(cmd.OutOrStdout()), header: http.Header{}}
	if err = client.Do(r, socket, params, w, cmd.ErrOrStderr()); err == nil {
		w.finish()
	}
	if ferr := w.out.Flush(); err == nil {
		err = ferr
	}
	switch {
	case err != nil:
		return fmt.Errorf("request: %w", err)
	case w.status >= 500:
		return exitError(exitServerError)
	case w.status >= 400:
		return exitError(exitClientError)
	}
	return nil
}

// body is the request body that --data asks for.
func (f *requestFlags) body(stdin io.Reader) ([]byte, error) {
	switch {
	case f.data == "@-":
		return io.ReadAll(stdin)
	case strings.HasPrefix(f.data, "@"):
		return os.ReadFile(f.data[1:])
	}
	return []byte(f.data), nil
}

// printer is an http.ResponseWriter that prints. The header waits for the first byte of the body, or for finish,
// because gofast makes up a 500 where there was no header.
type printer struct {
	out     *bufio.Writer
	header  http.Header
	status  int
	printed bool
}

// Header implements http.ResponseWriter.
func (p *printer) Header() http.Header { return p.header }

// WriteHeader implements http.ResponseWriter.
func (p *printer) WriteHeader(status int) { p.status = status }

// Write implements http.ResponseWriter.
func (p *printer) Write(b []byte) (int, error) {
	p.finish()
	return p.out.Write(b)
}

// finish prints the header, unless that is done.
func (p *printer) finish() {
	if p.printed {
		return
	}
	p.printed = true
	fmt.Fprintf(p.out, "Status: %d %s\n", p.status, http.StatusText(p.status))
	for _, name := range slices.Sorted(maps.Keys(p.header)) {
		for _, v := range p.header[name] {
			fmt.Fprintf(p.out, "%s: %s\n", name, v)
		}
	}
	fmt.Fprintln(p.out)
}
