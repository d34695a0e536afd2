package main

import (
	"path/filepath"

	"jpm/test/vm/task"
)

// The cgroups that tests are started in: the root, as `jpm run` in a terminal of a machine without systemd, and one as systemd gives to a
// service with Delegate=yes, and to a user.
const (
	rootCgroup      = "/"
	delegatedCgroup = "/system.slice/jpm.service"
	// One that the test gives to an ordinary user.
	userCgroup = "/user.slice/user@.service"
)

// tasks are what runs inside, in this order. source is a copy of the module's directory, dir that of the programs.
func tasks(source, dir string) []task.Task {
	binary := func(name, pkg, cgroup string, args ...string) task.Task {
		return task.Task{
			Dir:    filepath.Join(source, pkg),
			Args:   append([]string{filepath.Join(dir, name), "-test.v", "-test.count=1", "-test.timeout=20m"}, args...),
			Env:    environment(dir, name),
			Cgroup: cgroup,
		}
	}
	named := func(name string, t task.Task) task.Task {
		t.Name = name
		return t
	}
	// A container's view: the cgroup that it was given looks like the root.
	inNamespace := func(t task.Task) task.Task {
		t.Args = append([]string{"/usr/bin/unshare", "--cgroup", "--mount", "/bin/sh", "-c",
			`umount /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "$@"`, "sh"}, t.Args...)
		return t
	}
	// The test is outside, and starts jpm inside, as systemd would.
	beside := func(t task.Task) task.Task {
		t.Args = append([]string{"/bin/sh", "-c", `echo $$ >/sys/fs/cgroup/cgroup.procs && exec "$@"`, "sh"}, t.Args...)
		t.Env = append(t.Env, "JPM_TEST_CGROUP=/sys/fs/cgroup"+t.Cgroup)
		return t
	}
	return []task.Task{
		named("cgroups below the root", binary("cgroup.test", "jail/internal/cgroup", rootCgroup)),
		named("cgroups below a delegated one", binary("cgroup.test", "jail/internal/cgroup", delegatedCgroup)),
		named("cgroups in a cgroup namespace", inNamespace(binary("cgroup.test", "jail/internal/cgroup", delegatedCgroup))),
		named("system calls", binary("seccomp.test", "jail/internal/seccomp", rootCgroup, "-test.run=Kernel|Listener")),
		named("jpm-init", binary("init.test", "cmd/jpm-init", rootCgroup)),
		named("jails", binary("jail.test", "jail", delegatedCgroup)),
		named("limits of jails below the root", binary("jail.test", "jail", rootCgroup, "-test.run=Limit|Cgroup")),
		named("jpm run as a service", beside(binary("jpm.test", "test", delegatedCgroup, "-test.run=^(TestMemoryLimit|TestPidsLimit|TestPoolLimits|TestStrictLimits|TestMasterLeavesNoCgroup)$"))),
		named("jpm run by an ordinary user", beside(binary("jpm.test", "test", userCgroup, "-test.run=^TestOrdinaryUserLimits$"))),
		named("jpm run below the root", binary("jpm.test", "test", rootCgroup, "-test.run=^(TestMemoryLimit|TestMasterLeavesNoCgroup)$")),
	}
}

// environment is that of a test. What TestMain of two of them would build is there.
func environment(dir, name string) []string {
	env := []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8", "JPM_TEST_MUST_RUN=1", "JPM_TEST_SLOW=1", "CGO_ENABLED=0"}
	switch name {
	case "jail.test":
		env = append(env, "JPM_TEST_BIN="+filepath.Join(dir, "jail"))
	case "jpm.test":
		env = append(env, "JPM_TEST_BIN="+filepath.Join(dir, "site"))
	}
	return env
}
