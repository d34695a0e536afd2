package link

import (
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Conn is one end of the link. Send may be called by any goroutine; Receive by one at a time.
type Conn struct {
	peer Side
	c    *net.UnixConn
	in   [maxPacket + 1]byte
	oob  [64]byte

	mu  sync.Mutex
	out []byte // guarded by mu
}

// Pair makes a link: the master's end, and the proxy's as a file to be inherited, which the caller closes.
func Pair() (*Conn, *os.File, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("socketpair: %w", err)
	}
	proxy := os.NewFile(uintptr(fds[1]), "link")
	master := os.NewFile(uintptr(fds[0]), "link")
	defer master.Close()
	c, err := Open(master, Master)
	if err != nil {
		proxy.Close()
		return nil, nil, err
	}
	return c, proxy, nil
}

// Open makes side's end of a link from a file, which it copies; the caller closes the file.
func Open(f *os.File, side Side) (*Conn, error) {
	nc, err := net.FileConn(f)
	if err != nil {
		return nil, fmt.Errorf("link: %w", err)
	}
	uc, ok := nc.(*net.UnixConn)
	if !ok {
		nc.Close()
		return nil, fmt.Errorf("link: %w: not a unix socket", ErrMalformed)
	}
	return &Conn{peer: Master + Proxy - side, c: uc}, nil
}

// Close ends the link; the peer's Receive returns io.EOF.
func (c *Conn) Close() error { return c.c.Close() }

// sendTimeout is how long a peer may leave its end unread. One that does for longer is broken, and the link with it; without a limit a
// proxy that was taken over could hold the master.
const sendTimeout = 10 * time.Second

// Send sends one message and copies of its descriptors. The caller still owns the files.
func (c *Conn) Send(m Message, files ...*os.File) error {
	var oob []byte
	if len(files) > 0 {
		fds := make([]int, len(files))
		for i, f := range files {
			// SyscallConn would do, but Fd on a file that is never read through the poller is the plain way.
			fds[i] = int(f.Fd())
		}
		oob = unix.UnixRights(fds...)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = m.append(c.out[:0])
	if err := c.c.SetWriteDeadline(time.Now().Add(sendTimeout)); err != nil {
		return fmt.Errorf("send %v: %w", m.Kind, err)
	}
	if _, _, err := c.c.WriteMsgUnix(c.out, oob, nil); err != nil {
		return fmt.Errorf("send %v: %w", m.Kind, err)
	}
	return nil
}

// Receive waits for the next message. The caller owns the files. After an error that wraps ErrMalformed the peer
// is not to be trusted any more; io.EOF means that it is gone.
func (c *Conn) Receive() (Message, []*os.File, error) {
	n, noob, flags, _, err := c.c.ReadMsgUnix(c.in[:], c.oob[:])
	if err != nil {
		return Message{}, nil, err
	}
	files, err := parseFiles(c.oob[:noob])
	if err == nil && flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) != 0 {
		err = fmt.Errorf("%w: truncated", ErrMalformed)
	}
	var m Message
	if err == nil {
		m, err = decode(c.in[:n], len(files), c.peer)
	}
	if err != nil {
		closeAll(files)
		return Message{}, nil, err
	}
	return m, files, nil
}

// parseFiles takes the descriptors out of a control message, so that none leaks whatever else is wrong with it.
func parseFiles(oob []byte) ([]*os.File, error) {
	if len(oob) == 0 {
		return nil, nil
	}
	msgs, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	var files []*os.File
	for i := range msgs {
		fds, err := unix.ParseUnixRights(&msgs[i])
		if err != nil {
			closeAll(files)
			return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		for _, fd := range fds {
			files = append(files, os.NewFile(uintptr(fd), "passed"))
		}
	}
	return files, nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}
