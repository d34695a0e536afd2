package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"syscall"
	"time"

	"jpm/test/vm/task"
)

const usage = `usage: [VM_KERNEL=6.1|6.12] [VM_RUN=regexp] [VM_LOG=file] [VM_MIRROR=http://deb.debian.org] go run ./test/vm    (as root, in the module's directory)
`

func main() {
	if len(os.Args) > 1 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	err := vm(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "vm:", err)
		os.Exit(1)
	}
}

// patience is how long nothing may be heard from inside. It is many times what the longest test takes.
const patience = 5 * time.Minute

func vm(ctx context.Context) error {
	if runtime.GOARCH != "amd64" || os.Geteuid() != 0 {
		return errors.New("needs root on amd64")
	}
	only, err := regexp.Compile(os.Getenv("VM_RUN"))
	if err != nil {
		return fmt.Errorf("VM_RUN: %w", err)
	}
	source, err := os.Getwd()
	if err != nil {
		return err
	}
	k, err := prepare(ctx, source, cmp.Or(os.Getenv("VM_KERNEL"), "6.1"))
	if err != nil {
		return err
	}
	// Workers run from there: everybody has to be able to pass, and it must not be /tmp, of which a jail has its own.
	if err := os.MkdirAll("/srv", 0o755); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("/srv", "jpm-vm-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	if err := build(ctx, source, dir); err != nil {
		return err
	}
	// What the tests read is copied: inside, some directories are others than outside, and the source may lie in one of them.
	copied := filepath.Join(dir, "source")
	if err := os.CopyFS(copied, os.DirFS(source)); err != nil {
		return fmt.Errorf("copy the source: %w", err)
	}
	todo := slices.DeleteFunc(tasks(copied, dir), func(t task.Task) bool { return !only.MatchString(t.Name) })
	if len(todo) == 0 {
		return fmt.Errorf("VM_RUN=%s: nothing to run", only)
	}
	m, err := assemble(k, dir, todo)
	if err != nil {
		return err
	}
	return m.report(ctx, todo)
}

// prepare has the kernel unpacked if it is not there yet.
func prepare(ctx context.Context, source, name string) (*kernel, error) {
	cache, err := cacheDir()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(cache, filepath.Base(name))
	_, missing := os.Stat(dir)
	_, noQEMU := exec.LookPath("qemu-system-x86_64")
	if errors.Is(missing, fs.ErrNotExist) || noQEMU != nil {
		cmd := exec.CommandContext(ctx, filepath.Join(source, "test/vm/setup"), name, dir)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if err := cmd.Run(); err != nil {
			return nil, fmt.Errorf("set up: %w", err)
		}
	}
	return readKernel(dir)
}

// assemble writes what the machine starts with.
func assemble(k *kernel, dir string, todo []task.Task) (*machine, error) {
	init, err := os.ReadFile(filepath.Join(dir, "init"))
	if err != nil {
		return nil, err
	}
	archive, err := initramfs(init, k.modules, todo)
	if err != nil {
		return nil, err
	}
	cpuinfo, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return nil, err
	}
	m := &machine{image: k.image, initramfs: filepath.Join(dir, "initramfs"), hardware: hardware(cpuinfo)}
	return m, os.WriteFile(m.initramfs, archive, 0o644)
}

// report runs the tasks and prints a line about each, all that those said that failed, and a line about all.
func (m *machine) report(ctx context.Context, todo []task.Task) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(patience, func() { cancel(fmt.Errorf("nothing was heard from inside for %v", patience)) })
	defer silence.Stop()
	r := newResults(todo)
	var console bytes.Buffer
	began := time.Now()
	err := m.run(ctx, &console, func(e task.Event) {
		silence.Reset(patience)
		if one := r.add(e); one != nil {
			fmt.Printf("%6.1f s  %s\n", time.Since(began).Seconds(), one)
		}
	})
	for _, one := range r.all {
		if !one.ok() {
			one.write(os.Stdout)
		}
	}
	for _, s := range r.other {
		fmt.Println(s)
	}
	if name := os.Getenv("VM_LOG"); name != "" {
		err = errors.Join(err, r.save(name, console.Bytes()))
	}
	if !r.done || err != nil {
		fmt.Printf("=== the console\n%s\n", console.Bytes())
	}
	fmt.Println(r)
	switch {
	case err != nil:
		return err
	case !r.done:
		return errors.New("the machine ended before its tasks did")
	case !r.ok():
		return errors.New("not all went well")
	}
	return nil
}
