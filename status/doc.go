// Package status shows pools to people and programs. It looks at snapshots and never touches a pool, so an answer does
// not wait for a worker.
//
// Handler serves three resources, to GET and HEAD. None of them takes parameters.
//
//	/             a page for people
//	/status.json  everything, below
//	/metrics      counters and gauges for Prometheus, in its text format or OpenMetrics
//
// # /status.json
//
// One object. Version grows when a field goes or changes its meaning; new fields come without that. Times are RFC 3339.
// Counters start at zero with the proxy process, that is, at start_time.
//
//	{
//	  "version": 1,
//	  "program": "0.1.0",                     jpm's version
//	  "start_time": "2026-11-23T10:00:00Z",   when the proxy process started
//	  "proxy_pid": 812,
//	  "pools": [                              in the order of the configuration
//	    {
//	      "name": "shop",
//	      "mode": "static",                   workers.mode
//	      "listen": ["unix:/run/jpm/shop.sock"],
//	      "draining": false,                  true: no request is taken any more
//	      "processes": {                      php-fpm's words
//	        "active": 1,                      serve a request
//	        "idle": 3,                        could
//	        "total": 4,                       exist, those that start or stop included
//	        "max": 4,                         workers.max
//	        "max_active": 4,                  the most that were active at once
//	        "max_children_reached": 2         how often requests began to wait because all were active
//	      },
//	      "requests": {
//	        "accepted": 1207,                 asked for a worker
//	        "served": 1199,                   the worker went through with it
//	        "failed": 2,                      the worker died, was killed or broke the connection
//	        "stale": 1,                       the worker had hung up before; the request was asked for again
//	        "refused": 0                      the pool was closing
//	      },
//	      "queue": {
//	        "length": 0,                      requests that wait now
//	        "max_length": 9,                  the most that waited at once
//	        "limit": 200,                     queue.length
//	        "full": 0,                        turned away because the queue was full
//	        "timeouts": 3,                    turned away after queue.timeout
//	        "abandoned": 1                    the client left
//	      },
//	      "states": {"down": 0, …},           workers by state; every state is there
//	      "recycles": {"max-requests": 1, …}, processes that have ended, by reason; every reason is there
//	      "start_failures": 0,                starts that brought no process
//	      "bugs": 0,                          events that cannot happen; anything but 0 is worth a report
//	      "workers": [                        by slot
//	        {
//	          "slot": 0,
//	          "generation": 2,                the how-manieth process of the slot; 0 if there was none
//	          "pid": 4711,                    0 if there is none
//	          "state": "idle",                down, starting, idle, busy, stopping or killing
//	          "since": "2026-11-23T10:02:03.004Z",
//	          "requests": 7,                  given to this process
//	          "last_reason": "max-requests"   why the slot's process before this one went, or ""
//	        }
//	      ]
//	    }
//	  ],
//	  "jails": {                              by pool
//	    "shop": [
//	      {"layer": "network", "setting": "none", "state": "enforced"}
//	    ]                                     a state of "partly" or "off" is a weaker jail; "why" then says why
//	  },
//	  "proxy_jail": […],                      the proxy's, of the same form
//	  "incidents": {                          by pool
//	    "shop": {
//	      "counts": {"seccomp": 1, …},        by layer; every layer is there
//	      "last": [                           the newest first, at most 50
//	        {
//	          "time": "2026-11-23T10:02:03.004Z",
//	          "pool": "shop",
//	          "worker": 0,                    the slot; not there if no worker saw the request
//	          "pid": 4711,
//	          "layer": "seccomp",             seccomp, cgroup, rlimit, protocol or scripts
//	          "action": "denied",             denied: the call has failed; killed: the worker is dead; refused: the request is
//	          "syscall": "kill",              where it is known
//	          "arguments": "pid=1 sig=SIGKILL",
//	          "errno": "EPERM",
//	          "limit": "",                    memory, pids, file_size or cpu: the limit that was met
//	          "detail": "",                   more, in words
//	          "count": 1,                     how many of its kind this one stands for
//	          "method": "POST",               the request; not there if the worker had none
//	          "uri": "/index.php",
//	          "script": "/srv/shop/index.php",
//	          "client": "192.0.2.7",
//	          "request_id": "b1946ac9…"       REQUEST_ID, where the web server sends one
//	        }
//	      ]
//	    }
//	  }
//	}
package status
