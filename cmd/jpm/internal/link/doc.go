// Package link carries the messages between the master and the proxy.
//
//	master                                   proxy
//	  | Config + memfd (the configuration) ---> |
//	  | Listener(pool) + socket --------------> |   once per listen block
//	  | StatusListener + socket --------------> |   if there is one
//	  | Begin --------------------------------> |
//	  | <---------------------------------Ready |
//	  |                                         |
//	  | <---------------------Start(w)          |
//	  | Started(w, pid) + connection + log      |
//	  |     + gauges -------------------------> |   or StartFailed(w, text)
//	  | <----------------------Dial(w)          |   a fresh connection to the same worker
//	  | Dialed(w) + connection ---------------> |   or DialFailed(w, text)
//	  | <--------------Term(w), Kill(w)         |
//	  | Exited(w, code, signal, core, ...) ---> |   once for every Started
//	  |                                         |
//	  | Denied(w, time, count, call) ---------> |   for each denied system call, and for sums of them; before Exited
//	  |                                         |
//	  | IncidentFile + descriptor ------------> |   before Begin if there is one, and after it was reopened
//	  | LogFile + descriptor -----------------> |   after the log was reopened
//	  | Drain --------------------------------> |   finish what runs, then exit
//
// The transport is a SOCK_SEQPACKET pair: one packet is one message, descriptors travel as SCM_RIGHTS (unix(7)).
// Every packet has one shape and one table says what each kind may carry, so the master can check a message from a
// proxy that was taken over with a handful of comparisons: kind and direction, length, descriptor count, unused fields zero.
package link
