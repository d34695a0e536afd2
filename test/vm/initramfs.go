package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"

	"jpm/test/vm/task"
)

// initramfs is the archive that the kernel unpacks and starts /init of: init, the modules by the order to load them, and the tasks.
func initramfs(init []byte, modules []module, tasks []task.Task) ([]byte, error) {
	list, err := json.Marshal(tasks)
	if err != nil {
		return nil, err
	}
	var a archive
	a.add("dev", fs.ModeDir|0o755, nil)
	a.device("dev/console", 5, 1) // the output of the first process goes there
	a.add("init", 0o755, init)
	a.add("tasks", 0o644, list)
	a.add("modules", fs.ModeDir|0o755, nil)
	for i, m := range modules {
		a.add(fmt.Sprintf("modules/%02d-%s.ko", i, m.name), 0o644, m.data)
	}
	return a.end(), nil
}

// archive is a cpio archive in the form "newc" (Documentation/driver-api/early-userspace/buffer-format.rst).
type archive struct {
	b     bytes.Buffer
	inode int
}

// The kinds of files in the mode (inode(7)).
const (
	kindDirectory = 0o040000
	kindRegular   = 0o100000
	kindCharacter = 0o020000
)

// add adds a directory or a file. A directory has to be there before what lies in it.
func (a *archive) add(name string, mode fs.FileMode, data []byte) {
	kind := kindRegular
	if mode.IsDir() {
		kind = kindDirectory
	}
	a.entry(name, kind|int(mode.Perm()), 0, 0, data)
}

func (a *archive) device(name string, major, minor int) {
	a.entry(name, kindCharacter|0o600, major, minor, nil)
}

func (a *archive) entry(name string, mode, major, minor int, data []byte) {
	a.inode++
	fmt.Fprintf(&a.b, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00",
		a.inode, mode, 0, 0, 1, 0, len(data), 0, 0, major, minor, len(name)+1, 0, name)
	a.pad()
	a.b.Write(data)
	a.pad()
}

func (a *archive) pad() {
	for a.b.Len()%4 != 0 {
		a.b.WriteByte(0)
	}
}

// end closes the archive and returns it.
func (a *archive) end() []byte {
	a.inode = -1 // the last entry has number 0
	a.entry("TRAILER!!!", 0, 0, 0, nil)
	return a.b.Bytes()
}
