package config

import (
	"net/netip"
	"time"
)

// Config is one whole configuration: the main file and everything it includes.
type Config struct {
	// Include lists glob patterns of further files, relative to the directory of the main file.
	// The files are read in sorted order, each once, and hold only pool blocks. A pattern that matches nothing is fine.
	Include []string `hcl:"include,optional"`
	// Log says where jpm's own messages go and how they look.
	Log Log `hcl:"log,block"`
	// Incidents says where it is told what jails have stopped.
	Incidents Incidents `hcl:"incidents,block"`
	// Status is the read-only HTTP endpoint.
	Status Status `hcl:"status,block"`
	// Proxy is the unprivileged process that speaks FastCGI.
	Proxy Proxy `hcl:"proxy,block"`
	// Pools are the sites, one block each, in the order they were read. Names are unique. There is at least one.
	Pools []Pool `hcl:"pool,block"`
}

// Log says where jpm's own messages go and how they look.
type Log struct {
	// Level is the least severe level of message that is written.
	Level string `hcl:"level,optional" default:"info" oneof:"debug,info,warn,error"`
	// Format is how a message looks: json (one object a line) or console (for a person at a terminal).
	Format string `hcl:"format,optional" default:"json" oneof:"json,console"`
	// Output is where messages go: stderr or the path of a file, which is created 0640 and reopened on SIGUSR1.
	Output string `hcl:"output,optional" default:"stderr"`
}

// Incidents says where it is told what jails have stopped: denied system calls, killed workers, refused scripts, each with its request.
// Of each pool at most ten a second are written, in the long run; the others are counted, and all are in the status endpoint's counters.
type Incidents struct {
	// Output is log, which is jpm's own log, or the path of a file with one JSON object a line, created 0640 and reopened on SIGUSR1.
	Output string `hcl:"output,optional" default:"log"`
}

// Status is the read-only HTTP endpoint that shows pools, workers and counters.
type Status struct {
	// Listen is an address and port ("127.0.0.1:9253") or "unix:/path". Without it there is no endpoint.
	Listen string `hcl:"listen,optional"`
}

// Proxy is the unprivileged process that accepts connections and relays requests.
type Proxy struct {
	// User is the account the proxy runs as: a name or a numeric uid. It must not be root nor a pool's user. Where an ordinary user runs
	// jpm it is that user, as every pool's is.
	User string `hcl:"user,optional" default:"jpm"`
	// Threads is how many threads relay requests. The pools are dealt out to them in the order of the configuration. One is enough for some ten thousand
	// requests per second, and so for a host whose scripts do real work.
	Threads int `hcl:"threads,optional" default:"1" min:"1" max:"64"`
	// UID and GID are User's ids, resolved when the configuration is read.
	UID, GID uint32
}

// Pool is one site: where it is reached, which program answers, as whom, and in which jail.
type Pool struct {
	// Name labels the pool in logs, metrics and commands: 1 to 32 letters, digits, "-", "_" and ".", the first a letter or digit.
	Name string `hcl:"name,label"`
	// Listen is where the web server connects. At least one.
	Listen []Listen `hcl:"listen,block"`
	// User is the account the workers run as: a name or a numeric uid. It must not be root, nor the proxy's, nor another pool's
	// (but see shared_uid). Where an ordinary user runs jpm it must be that user.
	User string `hcl:"user"`
	// Group is the workers' only group: a name or a numeric gid, not root's. Without it, it is the user's primary group,
	// or for a numeric user without an account the same number.
	Group string `hcl:"group,optional"`
	// SharedUID allows another pool that says so too to have the same uid. Two such pools are not protected from each other. Where an ordinary
	// user runs jpm, a second pool needs it.
	SharedUID bool `hcl:"shared_uid,optional" default:"false"`
	// Command is the worker's program, an absolute path, and its arguments. It finds its FastCGI socket as descriptor 0.
	// The program lies in the runtime (/usr) or in a path of jail.exec.
	Command []string `hcl:"command"`
	// Env is the worker's environment. Nothing else is inherited.
	// PHP_FCGI_CHILDREN, PHP_FCGI_MAX_REQUESTS, PHP_INI_SCAN_DIR and FCGI_WEB_SERVER_ADDRS are jpm's own to set.
	Env map[string]string `hcl:"env,optional"`
	// Scripts says which scripts a request may name.
	Scripts Scripts `hcl:"scripts,block"`
	// PHP holds php.ini settings; only for php-cgi.
	PHP PHP `hcl:"php,block"`
	// Workers says how many workers there are and how long one lives.
	Workers Workers `hcl:"workers,block"`
	// Queue bounds the requests that wait for a worker.
	Queue Queue `hcl:"queue,block"`
	// Request bounds one request.
	Request Request `hcl:"request,block"`
	// Recycle says what happens to a worker that makes denied system calls.
	Recycle Recycle `hcl:"recycle,block"`
	// Limits bounds one worker, and all workers of the pool together.
	Limits Limits `hcl:"limits,block"`
	// Jail says what a worker can reach.
	Jail Jail `hcl:"jail,block"`

	// UID and GID are the ids of User and Group, resolved when the configuration is read.
	UID, GID uint32
}

// Listen is one address the web server connects to.
type Listen struct {
	// Address is "unix:/path" or "tcp:address:port". A unix socket's path has at most 107 bytes and lies where no site may write.
	Address string `hcl:"address,label"`
	// Owner owns the socket file: a name or a numeric uid. Without it, it is who runs jpm, root as a rule. Unix sockets only.
	Owner string `hcl:"owner,optional"`
	// Group is the socket file's group: a name or a numeric gid. Without it, it is the owner's primary group. Unix sockets only.
	Group string `hcl:"group,optional"`
	// Mode is the socket file's mode, in octal. Unix sockets only.
	Mode string `hcl:"mode,optional" default:"0660"`
	// AllowedClients lists the addresses and networks that may connect. Required for TCP, forbidden for unix sockets.
	AllowedClients []string `hcl:"allowed_clients,optional"`
	// Backlog is the length of the kernel's accept queue, which net.core.somaxconn caps.
	Backlog int `hcl:"backlog,optional" default:"511" min:"1" max:"65535"`

	// UID, GID and Perm are Owner, Group and Mode, resolved when the configuration is read. They are 0 for TCP.
	UID, GID uint32
	Perm     uint32
	// Clients are AllowedClients, resolved when the configuration is read: a single address is a network of one.
	Clients []netip.Prefix
}

// Scripts says which scripts a request may name. The check is lexical: the proxy reaches no files, and the jail's mounts make symlinks harmless.
type Scripts struct {
	// Root is the directory SCRIPT_FILENAME must lie in, after "." and ".." are resolved. The jail must have it, and no write path may contain it.
	// Required for php-cgi. Without it there is no rule, for programs that are no script interpreters.
	Root string `hcl:"root,optional"`
	// Extensions are the endings a script may have. An empty list means any.
	Extensions []string `hcl:"extensions,optional" default:".php"`
}

// PHP holds php.ini settings for php-cgi.
type PHP struct {
	// INI are settings a script may change with ini_set where PHP allows it.
	INI map[string]string `hcl:"ini,optional"`
	// LockedINI are settings no script under scripts.root can change.
	LockedINI map[string]string `hcl:"locked_ini,optional"`
}

// Workers says how many workers there are and how long one lives.
type Workers struct {
	// Mode is static: always max workers.
	Mode string `hcl:"mode,optional" default:"static" oneof:"static"`
	// Max is the number of workers, and so of requests served at once.
	Max int `hcl:"max,optional" default:"4" min:"1" max:"4096"`
	// MaxRequests is how many requests a worker serves before it is replaced. 0 means no limit.
	MaxRequests int `hcl:"max_requests,optional" default:"1000" min:"0"`
	// StartTimeout is how long a worker may take from its start until it accepts connections. A pool starts a few at a time, more of them
	// as long as starts take less than a quarter of it; the time of each counts from its turn.
	StartTimeout time.Duration `hcl:"start_timeout,optional" default:"10s" min:"1ms" max:"1h"`
	// StopTimeout is how long a worker may take to end after SIGTERM before it is killed.
	StopTimeout time.Duration `hcl:"stop_timeout,optional" default:"5s" min:"1ms" max:"1h"`
}

// Queue bounds the requests that wait for a worker. Over either bound the answer is 503 with Retry-After.
type Queue struct {
	// Length is how many requests may wait. 0 means that none may.
	Length int `hcl:"length,optional" default:"200" min:"0" max:"65536"`
	// Timeout is how long one may wait.
	Timeout time.Duration `hcl:"timeout,optional" default:"5s" min:"1ms" max:"1h"`
}

// Request bounds one request.
type Request struct {
	// Timeout is the longest time from the worker's getting the request to the end of its answer. Over it the client gets 504 and the worker is killed.
	Timeout time.Duration `hcl:"timeout,optional" default:"60s" min:"1ms" max:"24h"`
	// HeaderTimeout is how long the web server may take to send a request's parameters.
	HeaderTimeout time.Duration `hcl:"header_timeout,optional" default:"10s" min:"1ms" max:"1h"`
	// MaxParams is the most bytes of FastCGI parameters. Over it the answer is 431.
	MaxParams int64 `hcl:"max_params,optional" default:"256K" min:"4K" max:"16M" unit:"bytes"`
	// MaxBody is the most bytes of request body. Over it the answer is 413.
	MaxBody int64 `hcl:"max_body,optional" default:"128M" min:"0" unit:"bytes"`
}

// Recycle says what happens to a worker that makes system calls its jail denies. Each such call is an incident in any case, and has
// failed. What honest programs try in vain is not counted, nor is what a worker does before its first request.
type Recycle struct {
	// Denials is with how many denied calls of one worker within window action is taken. 1 is the first; 0 means that none is taken.
	Denials int `hcl:"denials,optional" default:"20" min:"0" max:"1000000"`
	// Window is how long a denied call counts.
	Window time.Duration `hcl:"window,optional" default:"1m" min:"1s" max:"24h"`
	// Action is recycle (the worker is replaced when its request is over), kill (it is replaced at once and the request fails) or
	// log (it goes on).
	Action string `hcl:"action,optional" default:"recycle" oneof:"recycle,kill,log"`
}

// Limits bounds one worker by setrlimit(2) and, where a setting says so, by its cgroup (cgroups(7)); and the pool's /tmp.
type Limits struct {
	// Files is the most open descriptors (RLIMIT_NOFILE).
	Files int `hcl:"files,optional" default:"1024" min:"32" max:"1048576"`
	// FileSize is the largest file a worker may write (RLIMIT_FSIZE). 0 means no limit.
	FileSize int64 `hcl:"file_size,optional" default:"1G" min:"0" unit:"bytes"`
	// Tmp is the size of the pool's private /tmp, which its workers share.
	Tmp int64 `hcl:"tmp,optional" default:"64M" min:"1M" max:"1T" unit:"bytes"`
	// TmpFiles is the most files and directories in it. 0 means one for every 4 KiB of tmp.
	TmpFiles int `hcl:"tmp_files,optional" default:"0" min:"0" max:"1073741824"`
	// Memory is the most memory of a worker, by its cgroup: page cache, what it keeps in /tmp and some 5 MiB of its jail's PID 1
	// included, swap not used. Over it the kernel kills everything in the jail, and the request that did it is in the log. 0 means no limit, else 16M or more.
	Memory int64 `hcl:"memory,optional" default:"0" min:"0" max:"1T" unit:"bytes"`
	// MaxRSS is the resident memory (VmRSS of the worker's own process, shared pages included) over which a worker is replaced after its request. 0 means no limit.
	MaxRSS int64 `hcl:"max_rss,optional" default:"0" min:"0" max:"1T" unit:"bytes"`
	// CPU is the CPU time of a worker, by its cgroup, in percent of one core: "150%" is one and a half. Over it the worker waits. "0" means no limit.
	// On cgroup version 1 all workers that have a limit of CPU time have together the weight of one process that has none, when CPUs are busy.
	CPU int `hcl:"cpu,optional" default:"0" min:"0" max:"100000%" unit:"percent"`
	// Pids is the most processes and threads in a worker's jail, by its cgroup, some 4 of its PID 1 included. One more is refused, and the request in the log.
	// 0 means no limit by cgroup, else 16 or more: the php profile has no processes, and where there are user namespaces a jail has 512 at most in any case.
	Pids int `hcl:"pids,optional" default:"0" min:"0" max:"4194304"`
	// IOWeight is the whole pool's share of a busy disk, by its cgroup, beside 100 for every other. 0 means that it is not set.
	IOWeight int `hcl:"io_weight,optional" default:"0" min:"0" max:"1000"`
	// Enforce is strict: jpm does not start where memory, cpu, pids, io_weight or a limit in pool cannot be enforced; or best_effort: it
	// starts without that limit, and `jpm check` and `jpm status` show what is off.
	Enforce string `hcl:"enforce,optional" default:"strict" oneof:"strict,best_effort"`
	// Pool bounds all workers of the pool together.
	Pool PoolLimits `hcl:"pool,block"`

	// Places says where memory, cpu, pids, io_weight, pool.memory, pool.cpu and pool.pids are written, as file:line. What no file sets is not in it.
	Places map[string]string
}

// PoolLimits bounds all workers of the pool together, by the pool's cgroup. A worker's own limit cannot be more.
type PoolLimits struct {
	// Memory is the most memory of all workers, counted as a worker's is. Over it the kernel kills one worker with everything in its jail. 0 means no limit.
	Memory int64 `hcl:"memory,optional" default:"0" min:"0" max:"1T" unit:"bytes"`
	// CPU is the CPU time of all workers, in percent of one core. "0" means no limit.
	CPU int `hcl:"cpu,optional" default:"0" min:"0" max:"100000%" unit:"percent"`
	// Pids is the most processes and threads of all workers. 0 means no limit.
	Pids int `hcl:"pids,optional" default:"0" min:"0" max:"4194304"`
}

// Jail says what a worker can reach besides the read-only runtime (/usr and its companions in /etc).
// Each path is in one of read, write and exec, once. Not to be had are /proc, /sys, /dev, /run/jpm, /etc/jpm and what is in them,
// the whole of /, /etc, /run, /tmp or the runtime, and for writing /boot and the whole of /home, /root or /var.
type Jail struct {
	// Read lists paths the workers may read. Nothing in them can be executed.
	Read []string `hcl:"read,optional"`
	// Write lists directories the workers may change. Nothing in them can be executed or named as a script, and symlinks in them are not followed.
	Write []string `hcl:"write,optional"`
	// Exec lists read-only paths whose files may be executed, for programs that live outside the runtime. They cannot lie in a write path.
	// With a profile that lets workers start programs (php-exec), it lists all programs there are, those of the runtime ("/usr/bin/convert", "/bin/sh") too.
	Exec []string `hcl:"exec,optional"`
	// CreateWrite makes directories of write that are missing when a worker starts: the last element of the path only, owned by the pool's user
	// and group, with mode 0777 less umask. Without it they are for the administrator to make, and no worker starts before they exist.
	CreateWrite bool `hcl:"create_write,optional" default:"false"`
	// Sockets lists unix sockets of services on this host, such as /run/mysqld/mysqld.sock, that the workers may connect to at the same
	// path. Each is in the jail alone, without its directory, and its own mode still decides who may connect. A socket that is missing
	// refuses connections until the service makes it; one that is made anew is there again within a second. None of jpm's own sockets.
	Sockets []string `hcl:"sockets,optional"`
	// Network is what the workers reach by IP. With none it is nothing: each has an empty network namespace and gets unix sockets only.
	// With loopback each has a loopback of its own, for programs that talk to themselves. With host it is the host's network, and nothing
	// stands between the workers and the services of this host, its neighbours and the internet; only so are names resolved by DNS.
	Network string `hcl:"network,optional" default:"none" oneof:"none,loopback,host"`
	// Seccomp is the system call profile: php (a worker is one process with threads and executes nothing), php-exec (it may start
	// programs, but only its own and what exec names), generic (processes, but no programs: for workers that are no php-cgi), or the
	// absolute path of a file with a profile of one's own, which nobody but root may write. docs/seccomp.md describes them and their language.
	Seccomp string `hcl:"seccomp,optional" default:"php"`
	// Landlock is the kernel's second fence (landlock(7)) around what the mounts give: files, TCP ports, signals, abstract unix sockets.
	// What this kernel's version of it cannot do is shown by jpm check. With false there are only the mounts and namespaces.
	Landlock bool `hcl:"landlock,optional" default:"true"`
	// Umask is the workers' file mode creation mask, in octal. A web server that serves what a site writes must be able to read it.
	Umask string `hcl:"umask,optional" default:"0022"`

	// Mask is Umask, resolved when the configuration is read.
	Mask uint32
	// Profile is the text of the file that Seccomp names, read with the configuration; empty for the profiles of jpm's own.
	Profile string
}
