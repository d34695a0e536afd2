package fcgi

// habit is what has been seen of how workers treat KEEP_CONN. Some (uWSGI) close behind every answer all the same, and a request that is sent
// at that moment is lost: one that may be repeated is tried again, but a POST fails. So a Proxy whose workers have never kept a connection uses each
// for one request. The zero value expects them to keep it.
type habit struct {
	kept   bool // a connection has carried two requests
	closed int  // how many were closed behind the first
}

// closedEnough is how many connections must have been closed behind their first answer, and none kept, to make it a habit: a worker may also have
// crashed.
const closedEnough = 3

// answered notes that a connection has carried so many requests.
func (h *habit) answered(uses int) { h.kept = h.kept || uses > 1 }

// found notes that a connection was closed after so many requests.
func (h *habit) found(uses int) {
	if uses == 1 {
		h.closed++
	}
}

// once says whether connections are good for one request only.
func (h *habit) once() bool { return !h.kept && h.closed >= closedEnough }
