package main

import (
	"strings"
	"testing"

	"jpm/test/vm/task"
)

func line(name, s string) task.Event { return task.Event{Task: name, Line: &s} }
func exit(name string, n int) task.Event {
	return task.Event{Task: name, Exit: &n}
}

// Nothing but tasks that ended, each with a test that passed and code 0, is good.
func TestResults(t *testing.T) {
	todo := []task.Task{{Name: "a"}, {Name: "b"}}
	good := []task.Event{
		line("a", "=== RUN   TestOne"), line("a", "    --- PASS: TestOne/part (0.00s)"), line("a", "--- PASS: TestOne (0.00s)"), exit("a", 0),
		line("b", "--- PASS: TestTwo (0.00s)"), line("b", "--- SKIP: TestThree (0.00s)"), exit("b", 0),
	}
	done := task.Event{Done: true}
	for _, c := range []struct {
		name   string
		events []task.Event
		ok     bool
		want   string
	}{
		{"all good", append(append([]task.Event{}, good...), done), true, "vm: 2 of 2 tasks ended well: 2 tests passed, 0 failed, 1 skipped"},
		{"the machine went on to nothing", good, false, "vm: 2 of 2 tasks"},
		{"the machine ended before", good[:5], false, "vm: 1 of 2 tasks"},
		{"a test failed", append([]task.Event{line("a", "--- FAIL: TestZero (0.00s)")}, append(good, done)...), false, "1 failed"},
		{"an exit code alone", append(append([]task.Event{}, good[:6]...), exit("b", 255), done), false, "vm: 1 of 2 tasks"},
		{"no test at all", append(append([]task.Event{}, good[:4]...), exit("b", 0), done), false, "vm: 1 of 2 tasks"},
		{"a task of nobody's", append(append([]task.Event{}, good...), exit("c", 0), done), false, "vm: 2 of 2 tasks"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newResults(todo)
			for _, e := range c.events {
				if one := r.add(e); (one != nil) != (e.Exit != nil && e.Task != "c") {
					t.Errorf("add(%+v) = %v", e, one)
				}
			}
			if r.ok() != c.ok || !strings.Contains(r.String(), c.want) {
				t.Errorf("ok() = %v, %q; want %v, %q", r.ok(), r, c.ok, c.want)
			}
		})
	}
}

func TestTasks(t *testing.T) {
	built, seen := map[string]bool{}, map[string]bool{}
	for _, p := range programs {
		built["/d/"+p.file] = true
	}
	for _, one := range tasks("/s", "/d") {
		if one.Name == "" || seen[one.Name] {
			t.Errorf("task %q: its name is not its own", one.Name)
		}
		seen[one.Name] = true
		found := false
		for _, a := range one.Args {
			found = found || built[a]
		}
		if !found {
			t.Errorf("task %q runs nothing that is built: %q", one.Name, one.Args)
		}
	}
}
