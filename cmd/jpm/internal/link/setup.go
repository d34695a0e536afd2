package link

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"jpm/config"
	"jpm/status"
)

// Setup is what the Config message brings to the proxy: everything it knows of the world besides its descriptors.
type Setup struct {
	Config  config.Config
	Version string
	Pid     int // the proxy's, which in its own pid namespace it cannot know
	Jails   map[string][]status.Layer
	// ProxyJail is the proxy's own.
	ProxyJail []status.Layer
}

// maxSetup bounds the file behind a Config message; a thousand pools take about 2 MiB.
const maxSetup = 64 << 20

// File writes the setup to a file without a name, because a configuration can be larger than a packet. The caller closes it.
func (s *Setup) File() (*os.File, error) {
	b, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("setup: %w", err)
	}
	fd, err := unix.MemfdCreate("jpm-setup", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("setup: memfd_create: %w", err)
	}
	f := os.NewFile(uintptr(fd), "jpm-setup")
	// WriteAt leaves the offset, which the reader shares, at the beginning.
	if _, err := f.WriteAt(b, 0); err != nil {
		f.Close()
		return nil, fmt.Errorf("setup: %w", err)
	}
	return f, nil
}

// ReadSetup reads what File wrote.
func ReadSetup(f *os.File) (*Setup, error) {
	fi, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("setup: %w", err)
	}
	if fi.Size() > maxSetup {
		return nil, fmt.Errorf("setup: %d bytes", fi.Size())
	}
	b := make([]byte, fi.Size())
	if _, err := io.ReadFull(f, b); err != nil {
		return nil, fmt.Errorf("setup: %w", err)
	}
	s := new(Setup)
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("setup: %w", err)
	}
	return s, nil
}
