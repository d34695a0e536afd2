package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

// The demo's accounts. They need no entry in /etc/passwd; the numbers are outside every range that Debian or systemd gives out.
const (
	demoProxyID  = 1900000000
	demoSiteID   = 1900000001
	demoServerID = 1900000002
)

func demoCommand() *cobra.Command {
	var listen, worker string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show a jailed site in a browser, without nginx",
		Long: `Show a jailed site in a browser, without nginx: jpm, a site that tries to get out of its jail, and a small
web server in front. The site is PHP where php-cgi is installed, else a Go program. Needs root. Ctrl-C ends it and
leaves nothing behind.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if os.Geteuid() != 0 {
				return errors.New("demo: needs root, to make namespaces and to become other users")
			}
			if worker == "" {
				worker = "go"
				if _, err := exec.LookPath("php-cgi"); err == nil {
					worker = "php"
				}
			}
			if worker != "go" && worker != "php" {
				return usageError{fmt.Errorf("--worker %q: want php or go", worker)}
			}
			return demo(cmd, listen, worker)
		},
	}
	cmd.Flags().StringVarP(&listen, "listen", "l", "127.0.0.1:8088", "address of the web server")
	cmd.Flags().StringVar(&worker, "worker", "", "php or go (php if php-cgi is installed)")
	return cmd
}

// demoParts are the demo's other processes: hidden commands of this executable.
func demoParts() []*cobra.Command {
	return []*cobra.Command{{
		Use: "_demo-front SOCKET SCRIPT", Hidden: true, Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error { return demoFront(args[0], args[1]) },
	}, {
		Use: "_demo-worker NEIGHBOUR PORT", Hidden: true, Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error { return demoWorker(args[0], args[1]) },
	}}
}

func demo(cmd *cobra.Command, listen, worker string) error {
	// The children are to die with us, and the kernel ties that to the thread that made them.
	runtime.LockOSThread()
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM)
	defer stop()

	ln, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer ln.Close()
	dir, err := os.MkdirTemp("/run", "jpm-demo-")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer os.RemoveAll(dir)
	site, err := demoSite(dir, worker, ln.Addr().(*net.TCPAddr).Port)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}

	server := exec.Command(self, "run", "-c", filepath.Join(dir, "jpm.hcl"), "--run-dir", filepath.Join(dir, "run"))
	server.Stdout, server.Stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
	server.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: unix.SIGKILL, Setpgid: true}
	if err := server.Start(); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer end(server)
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()

	if err := appears(ctx, site.socket, ended); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	tcp, err := ln.(*net.TCPListener).File()
	if err != nil {
		return err
	}
	defer tcp.Close()
	front := exec.Command(self, "_demo-front", site.socket, site.script)
	front.ExtraFiles = []*os.File{tcp}
	front.Stderr = cmd.ErrOrStderr()
	front.SysProcAttr = &syscall.SysProcAttr{
		Pdeathsig: unix.SIGKILL, Setpgid: true,
		Credential: &syscall.Credential{Uid: demoServerID, Gid: demoServerID},
	}
	if err := front.Start(); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer func() { end(front); front.Wait() }()

	url := "http://" + ln.Addr().String() + "/"
	if err := answers(ctx, url, ended); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "\nOpen %s  (Ctrl-C ends the demo)\n\n", url)
	select {
	case <-ctx.Done():
	case err := <-ended:
		return fmt.Errorf("demo: jpm ended: %v", err)
	}
	end(server)
	<-ended
	return nil
}

// end asks a child to end, and kills it if it does not.
func end(c *exec.Cmd) {
	if c.Process.Signal(unix.SIGTERM) != nil {
		return
	}
	time.AfterFunc(10*time.Second, func() { c.Process.Kill() })
}

// appears waits until jpm has made its socket.
func appears(ctx context.Context, socket string, ended <-chan error) error {
	return until(ctx, ended, func() bool {
		_, err := os.Stat(socket)
		return err == nil
	})
}

// answers waits until url gives a page.
func answers(ctx context.Context, url string, ended <-chan error) error {
	return until(ctx, ended, func() bool {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return false
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

// until waits for cond, at most 20 s, and no longer than jpm lives.
func until(ctx context.Context, ended <-chan error, cond func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for !cond() {
		select {
		case err := <-ended:
			return fmt.Errorf("jpm ended: %v", err)
		case <-ctx.Done():
			return errors.New("the site does not come up")
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// demoFiles says where the demo's site is.
type demoFiles struct{ socket, script string }

// demoSite writes the site, its neighbour and the configuration below dir.
func demoSite(dir, worker string, port int) (demoFiles, error) {
	site, neighbour := filepath.Join(dir, "site"), filepath.Join(dir, "neighbour")
	f := demoFiles{socket: filepath.Join(dir, "demo.sock"), script: filepath.Join(site, "index.php")}
	for _, d := range []string{dir, site, neighbour} {
		if err := errors.Join(os.MkdirAll(d, 0o755), os.Chmod(d, 0o755)); err != nil {
			return f, err
		}
	}
	secret := filepath.Join(neighbour, "config.php")
	// Readable by everybody, so that only the jail keeps it secret.
	if err := os.WriteFile(secret, []byte("<?php $password = 'of the neighbour';\n"), 0o644); err != nil {
		return f, err
	}
	self, err := os.Executable()
	if err != nil {
		return f, err
	}
	conf := demoConfig{
		Socket: f.socket, Site: site, Proxy: demoProxyID, User: demoSiteID, Owner: demoServerID,
		Command: []string{"/usr/bin/php-cgi"},
	}
	if worker == "go" {
		conf.Command = []string{self, "_demo-worker", secret, strconv.Itoa(port)}
		conf.Exec = self
	} else if err := demoPHP(site, secret, port); err != nil {
		return f, err
	}
	return f, conf.write(filepath.Join(dir, "jpm.hcl"))
}
