package jail

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"
)

// Options says what a Spawner works with.
type Options struct {
	// Init is the path of the jpm-init program. It is opened once; replacing the file later changes nothing.
	Init string
	// Dir is a directory of jpm's own, made if missing; a directory "jail" is made in it.
	Dir string
	// Log gets what goes wrong where nobody waits for an error. Nil means nothing is logged.
	Log *zap.Logger
	// skipStep leaves a step of jpm-init out, so that tests can prove that verification notices.
	skipStep string
	// skipVerify turns the checks from outside off, for the other half of the same proof.
	skipVerify bool
	// share are namespaces (CLONE_NEW*) that the jail has in common with the host, so that tests can see what the other layers do
	// without them. Only tests set it.
	share uintptr
}

// Spawner starts workers in their jails. All of its methods may be called concurrently.
//
// One operating system thread does all forking, for as long as the Spawner lives: a worker dies with the thread that forked
// it (PR_SET_PDEATHSIG), and Go ends threads when it likes. The thread has a mount namespace of its own, in which it keeps
// the pools' /tmp and the workers' listeners on a tmpfs. Nobody else sees them, and when the master is killed the kernel
// takes all of it away.
type Spawner struct {
	o     Options
	init  *os.File // see OpenProgram
	calls chan func()
	stop  chan struct{}
	done  chan struct{} // closed when the thread is gone
	sock  int           // O_PATH of the listeners' directory
	base  string
	audit *audit // nil where the kernel tells nothing

	cgroups cgroups // the spawning thread's

	mu       sync.Mutex // guards what follows
	pools    map[string]bool
	socketed []*poolSockets // pools with sockets; their contents belong to the thread
	live     map[*Worker]struct{}
	gen      uint64
	closed   bool
}

// ErrClosed is what a closed Spawner answers.
var ErrClosed = errors.New("jail: spawner is closed")

// highFD is where the descriptor of jpm-init goes, above those that a child is given, so that setting these up does not
// overwrite it.
const highFD = 512

// NewSpawner starts the thread. It needs root, or what Enter gives an ordinary user. Close must be called.
func NewSpawner(o Options) (*Spawner, error) {
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	s := &Spawner{o: o, calls: make(chan func()), stop: make(chan struct{}), done: make(chan struct{}), sock: -1,
		pools: make(map[string]bool), live: make(map[*Worker]struct{}), cgroups: cgroups{log: o.Log}}
	program, err := OpenProgram(o.Init)
	if err != nil {
		return nil, fmt.Errorf("open jpm-init %s: %w", o.Init, err)
	}
	high, err := unix.FcntlInt(program.Fd(), unix.F_DUPFD_CLOEXEC, highFD)
	program.Close()
	if err != nil {
		return nil, fmt.Errorf("open jpm-init %s: %w", o.Init, err)
	}
	s.init = os.NewFile(uintptr(high), o.Init)
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		s.init.Close()
		return nil, err
	}
	s.base = filepath.Join(dir, "jail")
	if err := os.MkdirAll(s.base, 0o755); err != nil {
		s.init.Close()
		return nil, fmt.Errorf("make run directory: %w", err)
	}
	ready := make(chan error)
	go s.thread(ready)
	if err := <-ready; err != nil {
		s.init.Close()
		return nil, err
	}
	if s.audit, err = newAudit(); err != nil {
		s.audit = nil
		o.Log.Debug("incidents of killed workers will not name the system call", zap.Error(err))
	}
	return s, nil
}

// thread is the spawning thread. It ends with the function because the goroutine stays locked to it.
func (s *Spawner) thread(ready chan<- error) {
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() {
		// The first thread never ends, and /proc/self shows its mount namespace. Holding it, another goroutine must get
		// another thread.
		held := make(chan error)
		go s.thread(held)
		ready <- <-held
		runtime.UnlockOSThread()
		return
	}
	defer close(s.done)
	if err := s.ownMounts(); err != nil {
		ready <- fmt.Errorf("spawner: %w", err)
		return
	}
	ready <- nil
	for open := true; open; {
		select {
		case f := <-s.calls:
			f()
		case <-s.stop:
			open = false
		}
	}
	unix.Close(s.sock)
	// Not needed for the mounts to go, but now is sooner than when the kernel gets to it.
	if err := unix.Unmount(s.base, unix.MNT_DETACH); err != nil {
		s.o.Log.Warn("jail directory not unmounted", zap.String("path", s.base), zap.Error(err))
	}
}

// ownMounts gives the thread its mount namespace and the tmpfs in it.
func (s *Spawner) ownMounts() error {
	if err := unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_FS); err != nil {
		return fmt.Errorf("unshare mounts: %w", err)
	}
	// Slave: what the host mounts and unmounts later is seen here, and nothing goes back.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""); err != nil {
		return fmt.Errorf("make mounts slave: %w", err)
	}
	if err := unix.Mount("jpm", s.base, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "mode=0700,size=1m"); err != nil {
		return fmt.Errorf("mount %s: %w", s.base, err)
	}
	for _, d := range []string{"sock", "tmp", "services"} {
		if err := unix.Mkdir(filepath.Join(s.base, d), 0o700); err != nil {
			return fmt.Errorf("make %s: %w", d, err)
		}
	}
	sock := filepath.Join(s.base, "sock")
	var err error
	if s.sock, err = unix.Open(sock, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err != nil {
		return fmt.Errorf("open %s: %w", sock, err)
	}
	// Listeners are bound by their bare names from here; the namespace's unshare gave the thread a working directory of its own.
	return unix.Chdir(sock)
}

// do runs f on the thread and waits.
func (s *Spawner) do(f func() error) (err error) {
	ran := make(chan struct{})
	call := func() { defer close(ran); err = f() }
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return ErrClosed
	}
	select {
	case s.calls <- call:
		<-ran
		return err
	case <-s.done:
		return ErrClosed
	}
}

// AddPool makes what lives as long as the pool: its /tmp, shared by its workers. It fails if the pool is there already.
func (s *Spawner) AddPool(j *Jail) error {
	return s.do(func() error {
		s.mu.Lock()
		there := s.pools[j.Name()]
		s.mu.Unlock()
		if there {
			return fmt.Errorf("pool %s: is already there", j.Name())
		}
		dir := s.tmpDir(j)
		if err := unix.Mkdir(dir, 0o700); err != nil {
			return fmt.Errorf("pool %s: make tmp: %w", j.Name(), err)
		}
		data := "mode=1777,size=" + strconv.FormatInt(j.tmp, 10) + ",nr_inodes=" + strconv.FormatInt(j.tmpFiles, 10) +
			",uid=" + strconv.FormatUint(uint64(j.plan.UID), 10) + ",gid=" + strconv.FormatUint(uint64(j.plan.GID), 10)
		if err := unix.Mount("jpm-tmp", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, data); err != nil {
			unix.Rmdir(dir)
			return fmt.Errorf("pool %s: mount tmp: %w", j.Name(), err)
		}
		if _, err := s.cgroups.pool(j); err != nil {
			return fmt.Errorf("pool %s: %w", j.Name(), err)
		}
		if err := s.addSockets(j); err != nil {
			return fmt.Errorf("pool %s: %w", j.Name(), err)
		}
		s.mu.Lock()
		s.pools[j.Name()] = true
		s.mu.Unlock()
		return nil
	})
}

func (s *Spawner) tmpDir(j *Jail) string { return filepath.Join(s.base, "tmp", j.Name()) }

// Close kills every worker, waits for their end and ends the thread. It may be called more than once.
func (s *Spawner) Close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		<-s.done
		return
	}
	s.closed = true
	var live []*Worker
	for w := range s.live {
		live = append(live, w)
	}
	s.mu.Unlock()
	for _, w := range live {
		w.Close()
	}
	s.audit.close()
	close(s.stop)
	<-s.done
	s.cgroups.close(s.o.Log)
	s.init.Close()
}
