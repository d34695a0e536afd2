package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"jpm/test/vm/task"
)

// machine is a virtual machine to be started once.
type machine struct {
	image     string // path of vmlinux
	initramfs string // path of the archive
	hardware  bool   // the processor can run a machine: it is not emulated
}

var virtualisation = regexp.MustCompile(`(?m)^flags\s*:.*\b(vmx|svm)\b`)

// hardware says whether the processor can run machines. That there is a /dev/kvm says less: it can be one for kernels made for it alone.
func hardware(cpuinfo []byte) bool { return virtualisation.Match(cpuinfo) }

func (m *machine) arguments() []string {
	var args []string
	if m.hardware {
		args = []string{"-accel", "kvm"} // if this cannot be had, QEMU takes the next
	}
	return append(args, "-accel", "tcg,thread=multi",
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-M", "q35", "-cpu", "max", "-m", "2G", "-smp", "2",
		"-kernel", m.image, "-initrd", m.initramfs, "-append", "console=ttyS0 panic=-1 loglevel=4",
		"-fsdev", "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap",
		"-device", "virtio-9p-pci,fsdev=root,mount_tag=root",
		"-chardev", "file,id=console,path=/proc/self/fd/3", "-serial", "chardev:console",
		"-chardev", "file,id=events,path=/proc/self/fd/4",
		"-device", "virtio-serial-pci", "-device", "virtserialport,chardev=events,name=events",
	)
}

// run starts the machine and calls event for each event, until it ends. What it wrote to its console goes to console. That all tasks
// have ended is not known from run, but from the last event.
func (m *machine) run(ctx context.Context, console io.Writer, event func(task.Event)) error {
	cmd := exec.CommandContext(ctx, "qemu-system-x86_64", m.arguments()...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = 5 * time.Second
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	fromConsole, toConsole, err := os.Pipe()
	if err != nil {
		return err
	}
	defer fromConsole.Close()
	fromEvents, toEvents, err := os.Pipe()
	if err != nil {
		toConsole.Close()
		return err
	}
	defer fromEvents.Close()
	cmd.ExtraFiles = []*os.File{toConsole, toEvents}
	err = cmd.Start()
	toConsole.Close()
	toEvents.Close()
	if err != nil {
		return err
	}
	copied := make(chan error, 1)
	go func() {
		_, err := io.Copy(console, fromConsole)
		copied <- err
	}()
	garbled := readEvents(fromEvents, event)
	_, drained := io.Copy(io.Discard, fromEvents) // or QEMU would wait for somebody to read
	err = cmd.Wait()
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil && complaints.Len() > 0 {
		err = fmt.Errorf("%w\n%s", err, &complaints)
	}
	return errors.Join(err, garbled, drained, <-copied)
}

func readEvents(r io.Reader, event func(task.Event)) error {
	events := json.NewDecoder(r)
	for {
		var e task.Event
		switch err := events.Decode(&e); {
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("events: %w", err)
		}
		event(e)
	}
}

// cacheDir is where unpacked kernels are kept. `make clean` removes it.
func cacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	return filepath.Join(dir, "jpm-vm"), err
}
