// Package pool keeps the workers of one site alive and lends them to requests, one request at a time each.
//
// It knows neither jails nor FastCGI: a Starter starts and ends processes, a Conn is something to close. A worker has one private
// connection, made when it starts and kept from request to request.
//
// # A request
//
// Acquire lends the idle worker that was used last, or puts the request in a queue that is bounded in length and time, first come
// first served; its Ticket is told what comes of it. The Lease ends by Release, whose Outcome says what became of the connection. If the pool has
// to take the worker away in between, it calls the Holder's Fail.
//
// # A worker's life
//
// State says where the process is. Whether it should be there, whether it is to go when it is idle, and why it goes
// are kept apart from that. What each event does in each state is one table of pure functions, lifeCycle; every pair
// that is not in the following list cannot happen and is reported as a bug. "-" means that the state stays.
//
//	state     event         if                  next      actions            reason
//	down      timeout       unwanted            -
//	down      timeout       wanted              starting  start
//	down      started                           bug       kill
//	down      retire                            -
//	down      kill                              -
//
//	starting  timeout                           killing   kill               start-timeout
//	starting  started       staying             idle
//	starting  started       retiring            stopping  close, term
//	starting  start-failed                      down                         start-failed
//	starting  retire                            -         remember
//	starting  kill                              killing   kill
//	starting  exited                            down
//
//	idle      lease                             busy
//	idle      retire                            stopping  close, term
//	idle      kill                              killing   close, kill
//	idle      exited                            down      close
//
//	busy      timeout                           killing   fail, close, kill  request-timeout
//	busy      release       staying, leased     idle
//	busy      release       retiring, leased    stopping  close, term
//	busy      reconnect     leased              -         close, dial
//	busy      lost          leased              stopping  close, term        lost
//	busy      violation     leased              killing   close, kill        broken-protocol
//	busy      dialed        staying, unleased   idle
//	busy      dialed        retiring, unleased  stopping  close, term
//	busy      dial-failed   unleased            stopping  term               lost
//	busy      retire                            -         remember
//	busy      kill                              killing   fail, close, kill
//	busy      exited                            down      fail, close
//
//	stopping  timeout                           killing   kill
//	stopping  retire                            -
//	stopping  kill                              killing   kill
//	stopping  exited                            down
//
//	killing   timeout                           -         kill
//	killing   started                           -         close, kill
//	killing   start-failed                      down
//	killing   dialed                            -         close
//	killing   dial-failed                       -
//	killing   retire                            -
//	killing   kill                              -
//	killing   exited                            down
//
// A process that went down although nobody wanted it to, without having gone through with any request, is started
// again after a back-off that doubles from 100 ms to 30 s (to 1 s, if it died of its first request). Any other is
// started again at once. A pool starts a few at a time; the others stay down until it is their turn. How many
// grows with each start that is quick and shrinks when one takes too long (turn.go).
//
// # Who owns what
//
// One mutex guards a pool; it is held briefly, and never while something outside the package is called.
// Such calls (to Starter, Observer, Holder, Conn) are listed while it is held and made after it was given up, by one
// goroutine at a time and in the order of the events that caused them. A pool has no goroutine of its own: what happens
// to it happens in its callers' and in that of its one timer, which runs only while some deadline is ahead, and wakes
// at most once for nothing after the last.
package pool
