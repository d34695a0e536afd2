// Command vm runs tests in a virtual machine: on a kernel of another age, and with cgroups of version 2 that have all controllers,
// which the machine at hand may have neither of.
//
// QEMU boots a kernel of Debian's, which is unpacked and never installed. Its root is the root of this machine, read by way of 9p, below
// a layer in memory that takes all writes: so PHP and everything else is there, and nothing done inside stays. The tests are built here;
// test/vm/init, the first process inside, runs one after the other and writes what they say to a port that is read here.
//
//	runs.go ── programs.go ──► test binaries     ┐
//	setup ──── kernel.go ────► kernel, modules   ├─► machine.go ── init: runs, events ──► result.go
//	           initramfs.go ─► init, its tasks   ┘
//
// Without hardware virtualisation the processor is emulated: arithmetic takes up to fifty times as long, so nothing is measured here.
// docs/testing.md says how to use it.
package main
