// Package cgroup puts each worker into a control group of its own: one per worker, in one per pool, in one of jpm's own.
//
//	<the cgroup jpm was started in>
//	└── jpm-PID-START-N              jpm's own, named so that nobody else's is ever taken for it
//	    ├── master                   version 2 only: the master itself, because a cgroup that hands out controllers holds no process
//	    └── pool.NAME                the sum over the pool's workers
//	        └── worker.NAME.N        memory, pids, cpu and io of one worker
//
// Hosts have version 2 (cgroups(7)), version 1, or both: then the controllers are in version 1 and an empty version 2 hierarchy gives
// cgroup.kill and a birth inside (CLONE_INTO_CGROUP). The same tree is made in every hierarchy that is needed for a limit, and in no other.
// Version 2 is used as a delegate has to: nothing above the cgroup jpm was started in is written to.
//
// Values are written by github.com/opencontainers/cgroups, whose Apply is not used: it enables every controller in every ancestor.
// What must be in which file afterwards is a table of this package (Limits.settings), and Group.Verify compares the two.
package cgroup
