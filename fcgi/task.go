package fcgi

import "golang.org/x/sys/unix"

// task is what another goroutine, or the thread itself, wants the thread to do.
type task struct {
	kind     taskKind
	proxy    *Proxy
	listener *listener
	s        *stream
	seq      uint64   // of the attempt at s that is meant
	up       Upstream // for taskGrant
	err      error    // for taskGrant and taskFail
}

type taskKind uint8

const (
	taskEnd    taskKind = iota // end the thread
	taskListen                 // begin to accept
	taskResume                 // accept again after a pause
	taskClose                  // begin a shutdown
	taskBreak                  // break what is left
	taskGrant                  // a request that waited gets its worker
	taskFail                   // a request loses its worker
)

// post hands a task over, unless the thread has ended. It may be called from any goroutine.
func (l *Loop) post(t task) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return false
	}
	l.tasks = append(l.tasks, t)
	if l.asleep {
		l.asleep = false
		one := [8]byte{1}
		_, _ = unix.Write(l.wakeFD, one[:])
	}
	return true
}

// work does what was posted, and what is posted meanwhile. It is true if the thread is to end: then everything that post has taken is done, since
// somebody may wait for it.
func (l *Loop) work() (over bool) {
	for {
		l.mu.Lock()
		l.asleep = false
		todo := l.tasks
		l.tasks, l.spare = l.spare[:0], todo
		l.mu.Unlock()
		if len(todo) == 0 {
			return over
		}
		for i := range todo {
			if todo[i].kind == taskEnd {
				l.mu.Lock()
				l.over = true
				l.mu.Unlock()
				over = true
				continue
			}
			l.guard(&todo[i], 0)
		}
		clear(todo)
	}
}

// event implements handler.
func (t *task) event(uint32) {
	switch t.kind {
	case taskListen:
		t.proxy.listen(t.listener)
	case taskResume:
		t.listener.resume()
	case taskClose:
		t.proxy.wind()
	case taskBreak:
		t.proxy.breakAll()
	case taskGrant:
		if t.s.seq == t.seq && t.s.wait != nil {
			c := t.s.client
			t.s.granted(t.up, t.err)
			c.settle()
		}
	case taskFail:
		if t.s.seq == t.seq {
			c := t.s.client
			t.s.taken(t.err)
			c.settle()
		}
	}
}

// crashed implements handler.
func (t *task) crashed() {
	if t.s != nil && t.s.client != nil {
		t.s.client.crashed()
	}
}
