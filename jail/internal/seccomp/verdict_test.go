package seccomp

import (
	"encoding/binary"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What the kernel decides is what the text says: every number with all arguments zero, every row of TestArguments, numbers beyond
// the table, and the other tables of the same machine.
func TestKernel(t *testing.T) {
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			p, _ := load(t, name)
			raw, err := p.Compile()
			if err != nil {
				t.Fatal(err)
			}
			var calls []made
			for nr := range uintptr(601) {
				if !unfiltered(nr) {
					calls = append(calls, made{nr: nr})
				}
			}
			for _, nr := range []uintptr{1000, 0x3fffffff} {
				calls = append(calls, made{nr: nr})
			}
			for _, c := range argumentCases {
				if c.profile != name {
					continue
				}
				nr, _ := Number(c.call)
				m := made{nr: uintptr(nr)}
				for i, a := range c.args {
					m.args[i] = uintptr(a)
				}
				calls = append(calls, m)
			}
			for i, got := range inKernel(t, raw, calls) {
				c := calls[i]
				var args [6]uint64
				for j, a := range c.args {
					args[j] = uint64(a)
				}
				if want, _ := p.Decide(uint32(c.nr), args); got != want.Quiet() {
					t.Errorf("call %d (%s) with %#x = %v, want %v", c.nr, Name(uint32(c.nr)), c.args, got, want)
				}
			}
		})
	}
}

// The x32 numbers of amd64 are killed by every profile, whether the kernel has that table or not. Each ends a process, so not
// all of them are tried here; the interpreter has had them all.
func TestKernelX32(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("x32 is a table of amd64's")
	}
	var calls []made
	for nr := uintptr(0); nr <= 600; nr += 25 {
		calls = append(calls, made{nr: nr | x32Bit})
	}
	calls = append(calls, made{nr: 0xffffffff})
	wantKilled(t, calls)
}

// Neither does a call by amd64's old instruction pass, which asks the 32-bit table: number 20 is getpid there and writev here.
func TestKernelI386(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("int 0x80 is an instruction of amd64's")
	}
	code, err := unix.Mmap(-1, 0, 1<<16, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(code)
	var calls []made
	var entries []uintptr
	for nr := uint32(0); nr <= 600; nr += 20 {
		at := uintptr(unsafe.Pointer(&code[len(entries)*16]))
		stub := binary.LittleEndian.AppendUint32([]byte{0xb8}, nr) // mov eax, nr
		stub = append(stub, 0xcd, 0x80, 0xc3)                      // int 0x80; ret
		copy(code[len(entries)*16:], stub)
		entries = append(entries, at)
		calls = append(calls, made{nr: uintptr(nr)})
	}
	for i := range calls {
		calls[i].gate = &entries[i]
	}
	if err := unix.Mprotect(code, unix.PROT_READ|unix.PROT_EXEC); err != nil {
		t.Fatal(err)
	}
	wantKilled(t, calls)
	runtime.KeepAlive(entries)
}

// unfiltered says whether newer kernels let a number pass every filter: uretprobe (Linux 6.11) and uprobe (6.18) are how their own
// trampolines come back, and whoever else calls them gets SIGILL or an error.
func unfiltered(nr uintptr) bool {
	return runtime.GOARCH == "amd64" && (nr == 335 || nr == 336)
}

func wantKilled(t *testing.T, calls []made) {
	t.Helper()
	for _, name := range names {
		p, _ := load(t, name)
		raw, err := p.Compile()
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range inKernel(t, raw, calls) {
			if got != Kill {
				t.Errorf("%s: foreign call %#x = %v, want kill", name, calls[i].nr, got)
			}
		}
	}
}
