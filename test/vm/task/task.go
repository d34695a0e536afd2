// Package task is what the machine outside and the first process inside tell each other.
package task

// Task is one program to run inside.
type Task struct {
	Name string
	// Dir is its working directory, Args its path and arguments, Env its whole environment.
	Dir  string
	Args []string
	Env  []string
	// Cgroup is the cgroup it starts in, made for it with all controllers handed down to it, as systemd makes one for a service with
	// Delegate=yes. "/" is the root.
	Cgroup string
}

// Event is something that happened inside. Exactly one of its fields Line, Exit and Done is set.
type Event struct {
	// Task is the name of the task it is about, "" if it is about all.
	Task string `json:",omitempty"`
	// Line is a line of the task's output, without its end.
	Line *string `json:",omitempty"`
	// Exit is how the task ended: 0, its exit code, 128 and the number of the signal that ended it, or 255 if it was not started or has
	// left something behind, which a line before says.
	Exit *int `json:",omitempty"`
	// Done says that all tasks have ended.
	Done bool `json:",omitempty"`
}
