package main

import (
	"encoding/binary"
	"testing"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/abi/linux"
	"gvisor.dev/gvisor/pkg/bpf"
	"gvisor.dev/gvisor/pkg/seccomp"
)

// Only the one call with all three addresses passes; every other system call is the profile's business.
func TestExecOnce(t *testing.T) {
	const path, argv, envp = 0x1122_3344_5000, 0x2233_4455_6000, 0x3344_5566_7000
	const profile, eperm = 0x7fff0000, 0x00050000 | uint32(unix.EPERM)
	for _, byFD := range []bool{false, true} {
		o := &oneExec{path: path, argv: argv, envp: envp, byFD: byFD}
		raw := o.head(eperm)
		var ins []bpf.Instruction
		for ; len(raw) > 0; raw = raw[8:] {
			ins = append(ins, bpf.Instruction{OpCode: binary.NativeEndian.Uint16(raw), JumpIfTrue: raw[2], JumpIfFalse: raw[3], K: binary.NativeEndian.Uint32(raw[4:])})
		}
		ins = append(ins, bpf.Stmt(bpf.Ret|bpf.K, profile)) // where the profile would begin
		prog, err := bpf.Compile(ins, false)
		if err != nil {
			t.Fatal(err)
		}
		runAs := func(arch uint32, nr int, args ...uint64) uint32 {
			d := linux.SeccompData{Nr: int32(nr), Arch: arch}
			copy(d.Args[:], args)
			v, err := bpf.Exec[bpf.NativeEndian](prog, seccomp.DataAsBPFInput(&d, make([]byte, d.SizeBytes())))
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		run := func(nr int, args ...uint64) uint32 { return runAs(seccomp.LINUX_AUDIT_ARCH, nr, args...) }
		nr, other, good := unix.SYS_EXECVE, unix.SYS_EXECVEAT, []uint64{path, argv, envp}
		first := 0
		if byFD {
			nr, other, good = other, nr, []uint64{7, path, argv, envp, unix.AT_EMPTY_PATH}
			first = 1
		}
		if got := run(nr, good...); got != profile {
			t.Errorf("byFD %v: the one exec = %#x, want it left to the profile", byFD, got)
		}
		if got := run(other, good...); got != eperm {
			t.Errorf("byFD %v: the other exec call = %#x, want EPERM", byFD, got)
		}
		for i := first; i < first+3; i++ {
			for bit := range 64 {
				bad := append([]uint64(nil), good...)
				bad[i] ^= 1 << bit
				if got := run(nr, bad...); got != eperm {
					t.Fatalf("byFD %v: argument %d with bit %d flipped = %#x, want EPERM", byFD, i, bit, got)
				}
			}
		}
		if got := runAs(unix.AUDIT_ARCH_I386, nr); got != profile {
			t.Errorf("byFD %v: call %d of another architecture = %#x, want it left to the profile, which kills", byFD, nr, got)
		}
		for n := range 600 {
			if n != nr && n != other {
				if got := run(n); got != profile {
					t.Fatalf("byFD %v: call %d = %#x, want it left to the profile", byFD, n, got)
				}
			}
		}
	}
}

// The three lie in memory as execve reads them, each at an address of its own.
func TestArguments(t *testing.T) {
	at, err := pointerArray([]string{"php-cgi", "", "-d x=y"})
	if err != nil {
		t.Fatal(err)
	}
	b := pages(at, 4096)
	for i, want := range []string{"php-cgi", "", "-d x=y"} {
		off := binary.NativeEndian.Uint64(b[8*i:]) - uint64(at)
		if got := unix.ByteSliceToString(b[off:]); got != want {
			t.Errorf("string %d is %q, want %q", i, got, want)
		}
	}
	if end := binary.NativeEndian.Uint64(b[24:]); end != 0 {
		t.Errorf("the array ends with %#x, want NULL", end)
	}
	seen := map[uintptr]bool{at: true}
	for range 100 {
		p, err := reserve(1)
		if err != nil {
			t.Fatal(err)
		}
		if seen[p] || p < 1<<32 {
			t.Fatalf("address %#x", p)
		}
		seen[p] = true
	}
}
