package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"

	"jpm/test/vm/task"
)

// runTasks runs the tasks one after the other.
func runTasks(in io.Reader, out io.Writer) error {
	var tasks []task.Task
	if err := json.NewDecoder(in).Decode(&tasks); err != nil {
		return fmt.Errorf("tasks: %w", err)
	}
	events := json.NewEncoder(out)
	for _, t := range tasks {
		say := func(line string) error { return events.Encode(task.Event{Task: t.Name, Line: &line}) }
		code, err := run(t, say)
		if err != nil {
			code = 255
			if err := say(err.Error()); err != nil {
				return err
			}
		}
		if err := events.Encode(task.Event{Task: t.Name, Exit: &code}); err != nil {
			return err
		}
	}
	return events.Encode(task.Event{Done: true})
}

// run runs one task, with say for each line of its output. It ends when the output does, which is when the last process of the task has.
func run(t task.Task, say func(line string) error) (code int, err error) {
	group, err := makeGroup(t.Cgroup)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, group.remove()) }()
	cmd := exec.Command(t.Args[0], t.Args[1:]...)
	cmd.Dir, cmd.Env = t.Dir, t.Env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, UseCgroupFD: true, CgroupFD: int(group.dir.Fd())}
	output, w, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer output.Close()
	cmd.Stdout, cmd.Stderr = w, w
	err = cmd.Start()
	w.Close()
	if err != nil {
		return 0, err
	}
	lines := bufio.NewScanner(output)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() && err == nil {
		err = say(lines.Text())
	}
	err = errors.Join(err, lines.Err())
	var exit *exec.ExitError
	switch e := cmd.Wait(); {
	case errors.As(e, &exit):
		ws := exit.Sys().(syscall.WaitStatus)
		if code = ws.ExitStatus(); ws.Signaled() {
			code = 128 + int(ws.Signal())
		}
	case e != nil:
		err = errors.Join(err, e)
	}
	return code, err
}
