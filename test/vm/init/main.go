// Command init is the first process of the virtual machine: it loads the modules that came with it, makes the machine's root from that
// of the machine outside, and runs the tasks. It runs as two processes: process 1 sets up and reaps, the other runs the tasks.
package main

import (
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"
)

func main() {
	if os.Getpid() != 1 {
		if err := runTasks(os.NewFile(3, "tasks"), os.NewFile(4, "events")); err != nil {
			fmt.Println("init:", err)
			os.Exit(1)
		}
		return
	}
	if err := boot(); err != nil {
		fmt.Println("init:", err)
	}
	unix.Sync()
	// The machine is told not to start again but to end.
	fmt.Println("init: reboot:", unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART))
}

func boot() error {
	// What came with the kernel is out of sight once the root is another.
	tasks, err := os.Open("/tasks")
	if err != nil {
		return err
	}
	if err := loadModules("/modules"); err != nil {
		return err
	}
	if err := makeRoot(); err != nil {
		return err
	}
	events, err := openPort("events")
	if err != nil {
		return err
	}
	run := exec.Command("/proc/self/exe")
	run.Stdout, run.Stderr = os.Stdout, os.Stderr
	run.ExtraFiles = []*os.File{tasks, events}
	if err := run.Start(); err != nil {
		return err
	}
	for {
		var ws unix.WaitStatus
		switch pid, err := unix.Wait4(-1, &ws, 0, nil); {
		case err == unix.EINTR:
		case err != nil:
			return fmt.Errorf("wait: %w", err)
		case pid == run.Process.Pid && ws != 0:
			return fmt.Errorf("the runner of tasks ended with %#x", ws)
		case pid == run.Process.Pid:
			return nil
		}
	}
}
