package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// generator sends requests at the times of a schedule over kept HTTP connections, from one thread that waits in one epoll_wait(2). The schedule is kept by
// a periodic timerfd(2), so a late thread makes no request later than the next one was due: the timer counts what it missed.
//
// A request that is due takes a free connection, or the next that becomes free: it waits for its turn like a visitor whose browser cannot
// connect, and that time counts. wrk cannot do this: its connections wait for their answers before they ask again, and what a stalled
// server makes them not ask, nobody measures.
type generator struct {
	schedule   *schedule
	addr       unix.Sockaddr
	fast, slow []byte // the requests
	epoll      int
	timer      int
	start      time.Time
	visitors   []*visitor
	free       []*visitor
	buf        [64 << 10]byte
}

// drainTimeout is how long after its last request a run waits for answers.
const drainTimeout = 10 * time.Second

// driveOpen puts sc's open load on the site at addr. Any failed request makes it an error.
func driveOpen(ctx context.Context, addr string, sc Scenario, length time.Duration) (Load, error) {
	to, err := netip.ParseAddrPort(addr)
	if err != nil {
		return Load{}, err
	}
	request := func(page string) []byte {
		return fmt.Appendf(nil, "GET /%s HTTP/1.1\r\nHost: %s\r\n\r\n", page, addr)
	}
	g := &generator{
		schedule: newSchedule(sc.Open.PerSecond, length, sc.Open.SlowEvery),
		addr:     &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()},
		fast:     request(sc.Page), slow: request(sc.Open.Slow),
		epoll: -1, timer: -1,
	}
	// The thread's own CPU time is the load generator's.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer g.close()
	before, err := threadTime()
	if err != nil {
		return Load{}, err
	}
	if err := g.open(sc.Clients); err != nil {
		return Load{}, fmt.Errorf("open load: %w", err)
	}
	if err := g.run(ctx, length+drainTimeout); err != nil {
		return Load{}, fmt.Errorf("open load, %d of %d requests answered: %w", g.schedule.done, g.schedule.total, err)
	}
	took := time.Since(g.start)
	after, err := threadTime()
	if err != nil {
		return Load{}, err
	}
	return Load{
		Requests: uint64(g.schedule.done),
		Rate:     float64(g.schedule.done) / took.Seconds(),
		P50:      g.schedule.percentile(0.5),
		P99:      g.schedule.percentile(0.99),
		CPU:      after - before,
	}, nil
}

// threadTime is the CPU time of the calling thread.
func threadTime() (time.Duration, error) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		return 0, fmt.Errorf("read the thread's clock: %w", err)
	}
	return time.Duration(ts.Nano()), nil
}

// run sends everything and waits for the last answer, at most for a time.
func (g *generator) run(ctx context.Context, most time.Duration) error {
	g.start = time.Now()
	// The first expiration is now, which a value of 0 would not mean.
	every := unix.NsecToTimespec(int64(g.schedule.every))
	if err := unix.TimerfdSettime(g.timer, 0, &unix.ItimerSpec{Value: unix.Timespec{Nsec: 1}, Interval: every}, nil); err != nil {
		return fmt.Errorf("timerfd_settime: %w", err)
	}
	events := make([]unix.EpollEvent, len(g.visitors)+1)
	for !g.schedule.finished() {
		n, err := unix.EpollWait(g.epoll, events, 100)
		if err != nil && err != unix.EINTR {
			return fmt.Errorf("epoll_wait: %w", err)
		}
		for _, e := range events[:max(n, 0)] {
			if e.Fd == timerMark {
				err = g.tick()
			} else {
				err = g.receive(int(e.Fd))
			}
			if err != nil {
				return err
			}
		}
		if err := g.send(); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Since(g.start) > most {
			return fmt.Errorf("no end after %v", most)
		}
	}
	return nil
}

// tick asks the timer how many more requests are due.
func (g *generator) tick() error {
	var count [8]byte
	if _, err := unix.Read(g.timer, count[:]); err == unix.EAGAIN {
		return nil
	} else if err != nil {
		return fmt.Errorf("read timer: %w", err)
	}
	g.schedule.tick(int(min(binary.NativeEndian.Uint64(count[:]), uint64(g.schedule.total))))
	return nil
}

// send sends the requests that are due, as far as connections are free.
func (g *generator) send() error {
	for len(g.free) > 0 {
		i, ok := g.schedule.next()
		if !ok {
			return nil
		}
		v := g.free[0]
		g.free = g.free[:copy(g.free, g.free[1:])]
		v.request, v.busy = i, true
		request := g.fast
		if g.schedule.slow(i) {
			request = g.slow
		}
		// It is small, and the socket's buffer is empty.
		if n, err := unix.Write(v.fd, request); err != nil || n < len(request) {
			return fmt.Errorf("send request %d: %d of %d bytes (%v)", i, n, len(request), err)
		}
	}
	return nil
}

// receive reads what has come on connection i.
func (g *generator) receive(i int) error {
	v := g.visitors[i]
	for {
		n, err := unix.Read(v.fd, g.buf[:])
		switch {
		case err == unix.EAGAIN || err == unix.EINTR:
			return nil
		case err != nil:
			return fmt.Errorf("receive: %w", err)
		case !v.busy && n > 0:
			return errSurplus
		case !v.busy: // nginx closes connections that have been idle for long
			return g.connect(i)
		case n == 0:
			return errors.New("the server closes the connection before its answer is whole")
		}
		done, err := v.answer.feed(g.buf[:n])
		if err != nil {
			return err
		}
		if !done {
			continue
		}
		g.schedule.answered(v.request, time.Since(g.start))
		closing := v.answer.closing
		v.answer.reset()
		v.busy = false
		g.free = append(g.free, v)
		if closing {
			return g.connect(i)
		}
		return nil
	}
}
