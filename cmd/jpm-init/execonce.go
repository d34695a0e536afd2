package main

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

// oneExec holds the arguments of the one execve that the worker's process may make, each in a page of its own at a random
// address.
//
// A seccomp filter cannot count, so it cannot say "once". It can compare addresses: the profile is headed by instructions that
// let execve through to it only with exactly these three. exec replaces the address space, so in the worker nothing is mapped there, and the addresses,
// some 30 random bits each, are nowhere to be read: PTRACE_SECCOMP_GET_FILTER needs ptrace and CAP_SYS_ADMIN. To the worker
// execve is therefore EPERM. It is no proof against native code that guesses all three at once; the other layers, noexec
// mounts, no processes and the profile that stays in force after any exec, are what is left then.
type oneExec struct {
	path, argv, envp uintptr
	byFD             bool // execveat with an empty path instead of execve
}

// arguments copies the program's path, arguments and environment to where the filter will expect them.
func (s *stage) arguments() error {
	path, err := randomPages([]byte(s.p.Path + "\x00"))
	if err != nil {
		return err
	}
	argv, err := pointerArray(s.p.Argv)
	if err != nil {
		return err
	}
	envp, err := pointerArray(s.p.Env)
	if err != nil {
		return err
	}
	s.argv = &oneExec{path: path, argv: argv, envp: envp, byFD: s.p.Path == ""}
	return nil
}

// pointerArray lays out a NULL-terminated array of strings as execve takes it.
func pointerArray(list []string) (uintptr, error) {
	head := (len(list) + 1) * 8
	size := head
	for _, v := range list {
		size += len(v) + 1
	}
	at, err := reserve(size)
	if err != nil {
		return 0, err
	}
	b := make([]byte, head, size)
	for i, v := range list {
		binary.NativeEndian.PutUint64(b[8*i:], uint64(at)+uint64(len(b)))
		b = append(append(b, v...), 0)
	}
	copy(pages(at, size), b)
	return at, nil
}

func randomPages(b []byte) (uintptr, error) {
	at, err := reserve(len(b))
	if err == nil {
		copy(pages(at, len(b)), b)
	}
	return at, err
}

// reserve maps size bytes at a random address below 2^46 (2^38 where the address space is that small, as it can be on arm64).
func reserve(size int) (uintptr, error) {
	for bits := 46; ; {
		var r [8]byte
		if _, err := unix.Getrandom(r[:], 0); err != nil {
			return 0, err
		}
		at := uintptr(binary.NativeEndian.Uint64(r[:])) & (1<<bits - 1) &^ 0xffff // 64 KiB: the largest page size
		if at < 1<<32 {
			continue
		}
		p, _, e := unix.Syscall6(unix.SYS_MMAP, at, uintptr(size), unix.PROT_READ|unix.PROT_WRITE,
			unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_FIXED_NOREPLACE, ^uintptr(0), 0)
		switch {
		case e == 0 && p == at:
			return at, nil
		case e == 0: // a kernel that does not know the flag takes the address as a hint
			return 0, unix.EOPNOTSUPP
		case e == unix.ENOMEM && bits > 38:
			bits = 38
		case e != unix.EEXIST:
			return 0, e
		}
	}
}

// pages views memory that reserve mapped; the Go heap is elsewhere.
func pages(at uintptr, size int) []byte {
	return unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&at))), size)
}

// head is what stands before the profile's instructions: it answers execve and execveat with the verdict deny unless the three
// addresses match, and leaves all else to the profile, a foreign architecture's calls included. In one filter and not in two,
// because the errors of a filter without a listener would hide these calls from the listener of the other.
func (o *oneExec) head(deny uint32) []byte {
	const (
		ld, jeq = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		ja, ret = unix.BPF_JMP | unix.BPF_JA, unix.BPF_RET | unix.BPF_K
		// offsets in struct seccomp_data
		nr, arch, args = 0, 4, 16
	)
	type ins = unix.SockFilter
	one, other, first := uint32(unix.SYS_EXECVE), uint32(unix.SYS_EXECVEAT), uint32(0)
	if o.byFD {
		one, other, first = other, one, 1
	}
	const compare = 18 // instructions for the three addresses
	prog := []ins{
		{Code: ld, K: arch},
		{Code: jeq, Jf: 5 + compare, K: nativeArch}, // to the profile
		{Code: ld, K: nr},
		{Code: jeq, Jt: 3, K: one},
		{Code: jeq, Jt: 1, K: other},
		{Code: ja, K: 1 + compare}, // to the profile
		{Code: ret, K: deny},
	}
	for i, want := range []uint64{uint64(o.path), uint64(o.argv), uint64(o.envp)} {
		off := args + 8*(first+uint32(i))
		// Little endian, as both of our architectures are: the low half comes first.
		prog = append(prog,
			ins{Code: ld, K: off}, ins{Code: jeq, Jt: 1, K: uint32(want)}, ins{Code: ret, K: deny},
			ins{Code: ld, K: off + 4}, ins{Code: jeq, Jt: 1, K: uint32(want >> 32)}, ins{Code: ret, K: deny})
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&prog[0])), len(prog)*int(unsafe.Sizeof(ins{})))
}

// exec becomes the worker. Raw, because after seccomp the runtime must not be asked for anything.
func (s *stage) exec() error {
	var e unix.Errno
	if s.argv.byFD {
		_, _, e = unix.RawSyscall6(unix.SYS_EXECVEAT, uintptr(s.exe), s.argv.path, s.argv.argv, s.argv.envp, unix.AT_EMPTY_PATH, 0)
	} else {
		_, _, e = unix.RawSyscall(unix.SYS_EXECVE, s.argv.path, s.argv.argv, s.argv.envp)
	}
	return e
}
