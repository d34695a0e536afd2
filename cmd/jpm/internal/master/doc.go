// Package master is the privileged role of jpm: it reads the configuration, opens the listening sockets, starts and
// kills jails, and keeps one proxy alive. It never reads a byte that came over a FastCGI socket.
//
//	Run
//	 ├─ listeners    the sockets nginx connects to; they outlive every proxy
//	 ├─ jail.Spawner the thread that forks
//	 └─ session      one life of the proxy and of the workers it asked for; when it ends, all of them are gone
//
// A session's state belongs to the goroutine in session.run. Everything that blocks (starting a worker, connecting to
// it, waiting for its end) runs in a goroutine of its own and comes back as a func on session.events.
package master
