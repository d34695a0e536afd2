// Package probes is a corpus of attempts to get out of a jail, or to use up what is everybody's, and the machinery that makes them for
// real: without a jail, in the jail of a running jpm, and as a site of Debian's php-fpm.
//
// Corpus is the one table. Each of its probes is made by PHP (examples/quickstart/lab, and php/ here), by a native program
// (jail/testdata/worker) or from outside. A probe proves something only if it works where no jail is, so that is tried first.
// No probe connects to an address outside the loopback, and none does harm where it works: those that could run in namespaces
// made for them, or are marked and run in a jail alone.
//
//	Corpus ── Run ── Stand: what they aim at: a neighbour, its sockets, keys, a process of the same user
//	            ├─── Bare:  as the same user, as root, or in namespaces of its own
//	            ├─── JPM:   jpm run, pools of php-cgi and of the native program
//	            └─── FPM:   php-fpm with the pool www as Debian ships it
//
// docs/probes.md explains the table to its readers.
package probes
