// Command worker is an ordinary multi-threaded Go FastCGI program. Tests run it, jailed and not, and ask it to try things:
// the query's "try" names a probe, the answer is "ok" or the error.
package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/fcgi"
	"os"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

func main() {
	// Asked by argument it answers on stdout: that is how a probe runs outside of any jail.
	if len(os.Args) == 3 && os.Args[1] == "try" {
		fmt.Print(try(os.Args[2]))
		return
	}
	if len(os.Args) == 2 && os.Args[1] == "proxy" {
		if err := proxy(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if err := fcgi.Serve(nil, http.HandlerFunc(serve)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(w http.ResponseWriter, r *http.Request) {
	fmt.Fprint(w, try(r.URL.Query().Get("try")))
}

func try(name string) string {
	var err error
	if path, ok := strings.CutPrefix(name, "write:"); ok {
		err = write(path)
	} else if path, ok := strings.CutPrefix(name, "read:"); ok {
		err = read(path)
	} else if spec, ok := strings.CutPrefix(name, "denied-flood:"); ok {
		err = flood(spec)
	} else if pid, ok := strings.CutPrefix(name, "kill:"); ok {
		err = kill(pid)
	} else if f, ok := probes[name]; ok {
		err = f()
	} else if f, arg, ok := withArgument(name); ok {
		err = f(arg)
	} else {
		return "no such probe"
	}
	var errno syscall.Errno
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &errno):
		return unix.ErrnoName(errno)
	default:
		return err.Error()
	}
}

// many uses threads, locks, timers and pipes the way programs do.
func many() error {
	var wg sync.WaitGroup
	sum := make(chan int, 64)
	for i := range 64 {
		wg.Go(func() {
			b := make([]byte, 1<<16)
			for j := range b {
				b[j] = byte(i)
			}
			if p, err := os.CreateTemp("", "many"); err == nil {
				p.Write(b)
				p.Close()
				os.Remove(p.Name())
				sum <- i
			}
		})
	}
	wg.Wait()
	close(sum)
	total := 0
	for i := range sum {
		total += i
	}
	if total != 64*63/2 {
		return fmt.Errorf("sum is %d", total)
	}
	return nil
}
