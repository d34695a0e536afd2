package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// kernel is what is needed of a kernel's package.
type kernel struct {
	image   string   // path of vmlinux, which QEMU starts by its PVH note: far less to emulate than unpacking it inside
	modules []module // in the order to load them
}

// module is a kernel's module, ready to be loaded.
type module struct {
	name string
	data []byte
}

// wanted are the modules without which the machine finds neither its root nor the port of its events. Not every kernel has them as modules.
var wanted = []string{"virtio_pci", "virtio_console", "9pnet_virtio", "9p", "overlay"}

// readKernel finds in dir what test/vm/setup has unpacked.
func readKernel(dir string) (*kernel, error) {
	found, err := filepath.Glob(filepath.Join(dir, "vmlinuz-*"))
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("%s: %d kernels, want one", dir, len(found))
	}
	if err != nil {
		return nil, err
	}
	k := &kernel{image: filepath.Join(dir, "vmlinux")}
	if _, err := os.Stat(k.image); errors.Is(err, fs.ErrNotExist) {
		if err := unpackImage(found[0], k.image); err != nil {
			return nil, err
		}
	}
	if k.modules, err = readModules(dir); err != nil {
		return nil, err
	}
	return k, nil
}

func unpackImage(from, to string) error {
	image, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	packed, err := payload(image)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	b, err := unpack(packed)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	if err := os.WriteFile(to+".new", b, 0o644); err != nil {
		return err
	}
	return os.Rename(to+".new", to)
}

// payload finds the packed kernel in a bzImage (Documentation/arch/x86/boot.rst: setup_sects, payload_offset, payload_length).
func payload(image []byte) ([]byte, error) {
	if len(image) < 0x250 || string(image[0x202:0x206]) != "HdrS" {
		return nil, errors.New("not a bzImage")
	}
	sectors := uint64(image[0x1f1])
	start := (sectors+1)*512 + uint64(binary.LittleEndian.Uint32(image[0x248:]))
	end := start + uint64(binary.LittleEndian.Uint32(image[0x24c:]))
	if end > uint64(len(image)) || end-start < 4 {
		return nil, errors.New("a bzImage that is cut off")
	}
	return image[start : end-4], nil // the last four bytes are the length once unpacked
}

// packers are the programs that Debian's kernels and modules are packed by, told by how what they write begins.
var packers = []struct{ magic, program string }{
	{"\xfd7zXZ\x00", "xz"},
	{"\x28\xb5\x2f\xfd", "zstd"},
}

func packer(b []byte) (program string, ok bool) {
	for _, p := range packers {
		if bytes.HasPrefix(b, []byte(p.magic)) {
			return p.program, true
		}
	}
	return "", false
}

func unpack(b []byte) ([]byte, error) {
	program, ok := packer(b)
	if !ok {
		return nil, fmt.Errorf("packed by no program that is known, begins with %x", b[:min(len(b), 6)])
	}
	cmd := exec.Command(program, "--decompress", "--stdout", "--quiet")
	cmd.Stdin = bytes.NewReader(b)
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", program, err)
	}
	return out, nil
}

// readModules reads the wanted modules below dir and those that they need.
func readModules(dir string) ([]module, error) {
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if name, _, ok := strings.Cut(filepath.Base(path), ".ko"); ok && err == nil {
			files[strings.ReplaceAll(name, "-", "_")] = path
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s has no modules", dir)
	}
	all := map[string]module{}
	order, err := loadOrder(wanted, func(name string) ([]string, error) {
		path, ok := files[name]
		if !ok {
			return nil, nil // in the kernel itself
		}
		b, err := os.ReadFile(path)
		if _, packed := packer(b); err == nil && packed {
			b, err = unpack(b)
		}
		if err != nil {
			return nil, err
		}
		all[name] = module{name: name, data: b}
		return needs(bytes.NewReader(b))
	})
	if err != nil {
		return nil, err
	}
	var modules []module
	for _, name := range order {
		if m, ok := all[name]; ok {
			modules = append(modules, m)
		}
	}
	return modules, nil
}

// loadOrder lists names and what they need, each behind what it needs.
func loadOrder(names []string, needs func(name string) ([]string, error)) ([]string, error) {
	var order []string
	for _, name := range names {
		if slices.Contains(order, name) {
			continue
		}
		below, err := needs(name)
		if err != nil {
			return nil, fmt.Errorf("module %s: %w", name, err)
		}
		// Modules need each other in no circle: depmod(8) would have refused them.
		first, err := loadOrder(below, needs)
		if err != nil {
			return nil, err
		}
		for _, n := range append(first, name) {
			if !slices.Contains(order, n) {
				order = append(order, n)
			}
		}
	}
	return order, nil
}

// needs reads the names of the modules that a module needs from its section .modinfo.
func needs(r io.ReaderAt) ([]string, error) {
	f, err := elf.NewFile(r)
	if err != nil {
		return nil, err
	}
	s := f.Section(".modinfo")
	if s == nil {
		return nil, errors.New("no section .modinfo")
	}
	b, err := s.Data()
	if err != nil {
		return nil, err
	}
	for _, field := range strings.Split(string(b), "\x00") {
		if list, ok := strings.CutPrefix(field, "depends="); ok {
			return strings.FieldsFunc(strings.ReplaceAll(list, "-", "_"), func(r rune) bool { return r == ',' }), nil
		}
	}
	return nil, nil
}
