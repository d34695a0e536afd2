package jail

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"
)

// lookAfter is how often the sockets of services are looked at. A service that starts again unlinks its socket and makes a new one, and
// a mount of the old one leads nowhere. Looking cannot miss what a watch of directories can: those are made anew too.
const lookAfter = 500 * time.Millisecond

// poolSockets is the directory of a pool's sockets and what is mounted in it. It belongs to the spawning thread.
//
// The directory is a shared mount and the jails' copies of it are slaves, so a mount that is made or taken away in it is made and taken
// away in every running jail as well (mount_namespaces(7)). No worker has to start again because the database did.
type poolSockets struct {
	pool  string
	dir   string
	paths []string
	bound []inode  // what is mounted; zero: nothing
	why   []string // why nothing is, as last logged
}

// inode identifies a file.
type inode struct{ dev, ino uint64 }

func (s *Spawner) socketDir(j *Jail) string { return filepath.Join(s.base, "services", j.Name()) }

// addSockets makes the directory of a pool's sockets and mounts what is there. It runs on the spawning thread.
func (s *Spawner) addSockets(j *Jail) error {
	if len(j.sockets) == 0 {
		return nil
	}
	p := &poolSockets{pool: j.Name(), dir: s.socketDir(j), paths: j.sockets,
		bound: make([]inode, len(j.sockets)), why: make([]string, len(j.sockets))}
	if err := unix.Mkdir(p.dir, 0o755); err != nil {
		return fmt.Errorf("make directory of sockets: %w", err)
	}
	const flags = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	if err := unix.Mount("jpm-sockets", p.dir, "tmpfs", flags, "mode=0755,size=64k,nr_inodes="+strconv.Itoa(len(p.paths)+2)); err != nil {
		return fmt.Errorf("mount directory of sockets: %w", err)
	}
	if err := unix.Mount("", p.dir, "", unix.MS_SHARED, ""); err != nil {
		return fmt.Errorf("share directory of sockets: %w", err)
	}
	for i := range p.paths {
		// Connecting to what is no socket is refused, as it is by a service that is down, if the mode would let one write.
		fd, err := unix.Open(p.at(i), unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			err = unix.Fchmod(fd, 0o666)
			unix.Close(fd)
		}
		if err != nil {
			return fmt.Errorf("make mount point: %w", err)
		}
	}
	s.mu.Lock()
	s.socketed = append(s.socketed, p)
	first := len(s.socketed) == 1
	s.mu.Unlock()
	s.refresh(p)
	if first {
		go s.lookAfterSockets()
	}
	return nil
}

func (p *poolSockets) at(i int) string { return filepath.Join(p.dir, strconv.Itoa(i)) }

// lookAfterSockets runs until the Spawner is closed.
func (s *Spawner) lookAfterSockets() {
	tick := time.NewTicker(lookAfter)
	defer tick.Stop()
	for {
		select {
		case <-s.done:
			return
		case <-tick.C:
		}
		_ = s.do(func() error { // its only error is that the Spawner is closed
			s.mu.Lock()
			all := s.socketed
			s.mu.Unlock()
			for _, p := range all {
				s.refresh(p)
			}
			return nil
		})
	}
}

// refresh mounts what is new and takes away what is gone.
func (s *Spawner) refresh(p *poolSockets) {
	for i, path := range p.paths {
		log := s.o.Log.With(zap.String("pool", p.pool), zap.String("field", "jail.sockets"), zap.String("path", path))
		fd, id, err := openSocket(path)
		if err == nil && id != p.bound[i] {
			first := p.bound[i] == inode{} && p.why[i] == ""
			p.takeAway(i)
			if err = p.mount(i, fd); err == nil {
				p.bound[i], p.why[i] = id, ""
				if !first {
					log.Info("socket is there again")
				}
			}
		}
		if fd >= 0 {
			unix.Close(fd)
		}
		if err != nil {
			p.takeAway(i)
			if why := err.Error(); why != p.why[i] {
				p.why[i] = why
				log.Warn("socket is missing: connections are refused until it is there", zap.Error(err))
			}
		}
	}
}

// takeAway leaves the mount point, which refuses connections.
func (p *poolSockets) takeAway(i int) {
	if p.bound[i] != (inode{}) {
		_ = unix.Unmount(p.at(i), unix.MNT_DETACH) // it fails only if nothing is mounted
		p.bound[i] = inode{}
	}
}

// mount mounts the socket fd, here and in every jail of the pool.
func (p *poolSockets) mount(i, fd int) error {
	mnt, err := unix.OpenTree(fd, "", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_EMPTY_PATH)
	if err != nil {
		return fmt.Errorf("open_tree: %w", err)
	}
	defer unix.Close(mnt)
	const attr = unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOEXEC
	if err := unix.MountSetattr(mnt, "", unix.AT_EMPTY_PATH, &unix.MountAttr{Attr_set: attr, Propagation: unix.MS_PRIVATE}); err != nil {
		return fmt.Errorf("mount_setattr: %w", err)
	}
	if err := unix.MoveMount(mnt, "", unix.AT_FDCWD, p.at(i), unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
		return fmt.Errorf("move_mount: %w", err)
	}
	return nil
}

// errNoSocket says that a path of jail.sockets is something else.
var errNoSocket = errors.New("is no unix socket")

// openSocket opens a socket as O_PATH; -1 and an error if it is none.
func openSocket(path string) (int, inode, error) {
	fd, err := openTrusted(path)
	if err != nil {
		return -1, inode{}, err
	}
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err == nil && st.Mode&unix.S_IFMT != unix.S_IFSOCK {
		err = errNoSocket
	}
	if err != nil {
		unix.Close(fd)
		return -1, inode{}, fmt.Errorf("%s: %w", path, err)
	}
	return fd, inode{uint64(st.Dev), st.Ino}, nil
}

// verifySockets checks that the worker has the sockets that its pool has. It differs if a service made its socket anew between the copy
// for the jail and the moment that was in its place: such a worker would never see it.
func (w *Worker) verifySockets(j *Jail) error {
	if len(j.sockets) == 0 {
		return nil
	}
	return w.s.do(func() error { // so that nothing changes meanwhile
		w.s.mu.Lock()
		defer w.s.mu.Unlock()
		for _, p := range w.s.socketed {
			if p.pool != j.Name() {
				continue
			}
			for i := range p.paths {
				var here, there unix.Stat_t
				if err := unix.Stat(p.at(i), &here); err != nil {
					return fmt.Errorf("verify socket: %w", err)
				}
				if err := unix.Stat(fmt.Sprintf("/proc/%d/root%s/%d", w.pid, socketDir, i), &there); err != nil {
					return fmt.Errorf("verify socket: %w", err)
				}
				if here.Dev != there.Dev || here.Ino != there.Ino {
					return &VerifyError{"socket " + p.paths[i], fmt.Sprint("inode ", here.Ino), fmt.Sprint("inode ", there.Ino)}
				}
			}
		}
		return nil
	})
}
