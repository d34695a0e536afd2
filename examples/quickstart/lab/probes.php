<?php
// The probes. Each is a title, who succeeds with it unjailed ("user" or "root"), and a function that makes the attempt,
// cleans up, and returns null if it worked, else the error. They leave nothing behind and hurt nobody, also unjailed.

require_once __DIR__ . '/attempts.php';
require_once __DIR__ . '/errno.php';
require_once __DIR__ . '/native.php';

function probes(): array
{
    $neighbour = path('LAB_NEIGHBOUR_FILE');
    $uploads   = path('LAB_UPLOADS');
    $tmp       = path('LAB_TMP');

    return [
        // The other sites' and the machine's files
        'neighbour-file' => ['read a file of the site next door', 'user', fn() => reads($neighbour)],
        'neighbour-list' => ['list the directory of the site next door', 'user', fn() => lists(path('LAB_NEIGHBOUR_DIR'))],
        'neighbour-climb' => ['reach it by ../../../', 'user', fn() => reads(str_repeat('../', 20) . ltrim($neighbour, '/'))],
        'neighbour-proc-root' => ["reach it through its parent's /proc/PID/root", 'root', fn() => reads('/proc/' . posix_getppid() . '/root' . $neighbour)],
        'neighbour-symlink' => ['reach it by a symlink in the uploads', 'user', fn() => symlinks($neighbour, "$uploads/link")],
        'neighbour-socket' => ['connect to its FastCGI socket', 'user', fn() => connects('unix://' . path('LAB_NEIGHBOUR_SOCKET'))],
        'sites' => ['see which other sites there are', 'user', fn() => listsSites(path('LAB_NEIGHBOUR_DIR'))],
        'shadow' => ['read /etc/shadow', 'root', fn() => reads('/etc/shadow')],
        'nginx-config' => ["read nginx's configuration", 'user', fn() => reads('/etc/nginx/nginx.conf')],
        'jpm-config' => ["read jpm's configuration", 'user', fn() => reads(path('LAB_CONFIG'))],
        'sessions' => ["list the machine's PHP sessions", 'root', fn() => lists('/var/lib/php/sessions')],
        'shared-memory-file' => ['leave a file in /dev/shm', 'user', fn() => writes('/dev/shm/lab-probe')],
        'terminal' => ['open a terminal by /dev/ptmx', 'user', fn() => opens('/dev/ptmx', 'r+')],
        'kernel-log' => ['open the kernel log, /dev/kmsg', 'root', fn() => opens('/dev/kmsg', 'w')],

        // Its own code and the runtime's
        'code-new' => ['put a new script beside its own', 'user', fn() => writes(__DIR__ . '/shell.php')],
        'code-change' => ['change its own code', 'user', fn() => opens(__DIR__ . '/index.php', 'r+')],
        'code-user-ini' => ['put a .user.ini beside its code', 'user', fn() => writes(__DIR__ . '/.user.ini')],
        'runtime-write' => ['write in /usr', 'root', fn() => writes('/usr/share/lab-probe')],
        'upload-setuid' => ['make an upload setuid', 'user', fn() => withUpload(fn($f) => result(@chmod($f, 04755)))],
        'upload-owner' => ['give an upload away to root', 'root', fn() => withUpload(fn($f) => result(@chown($f, 0)))],
        'upload-device' => ['make a device in the uploads', 'root', fn() => makesNode("$uploads/node", POSIX_S_IFBLK | 0600, 7, 0)],
        'upload-fifo' => ['make a named pipe in the uploads', 'user', fn() => makesNode("$uploads/fifo", POSIX_S_IFIFO | 0600)],
        'upload-exec' => ['execute an upload', 'user', fn() => executesUpload()],

        // Programs and processes
        'system' => ['run id by system()', 'user', fn() => runs(systems(...))],
        'exec' => ['run id by exec()', 'user', fn() => runs(fn() => @exec('id'))],
        'shell-exec' => ['run id by shell_exec()', 'user', fn() => runs(fn() => @shell_exec('id'))],
        'popen' => ['run id by popen()', 'user', fn() => runs(popens(...))],
        'proc-open' => ['run id by proc_open()', 'user', fn() => runs(procOpens(...))],
        'execve' => ['become another program by execve()', 'user', fn() => callsExecve()],
        'fork' => ['fork', 'user', fn() => forks()],
        'mail' => ['send mail', 'user', fn() => result(@mail('victim@example.org', 'spam', 'buy now'))],
        'processes' => ['see other processes', 'user', fn() => seesProcesses()],
        'parent-environ' => ["read its parent's environment", 'root', fn() => reads('/proc/' . posix_getppid() . '/environ')],
        'supervisor-env' => ["find jpm's environment in its own", 'user', fn() => getenv('LAB_SECRET') === false ? 'not in the environment' : null],
        'kill' => ['signal every process', 'user', fn() => posix(@posix_kill(-1, 0))],
        'memory' => ['overwrite its own code in memory by /proc/self/mem', 'user', fn() => opens('/proc/self/mem', 'r+')],
        'oom-score' => ['change its own oom_score_adj', 'user', fn() => rewrites('/proc/self/oom_score_adj')],
        'nice' => ['change its priority', 'user', fn() => result(@proc_nice(0))],
        'rlimit' => ['change its resource limits', 'user', fn() => changesLimit()],

        // The network and the kernel
        'tcp-local' => ["connect to a service of the machine by TCP", 'user', fn() => connects('tcp://127.0.0.1:' . path('LAB_TCP_PORT'))],
        'udp-dns' => ['send a DNS query', 'user', fn() => sendsQuery()],
        'abstract-socket' => ['connect to an abstract unix socket of the machine', 'user', fn() => connects("unix://\0" . path('LAB_ABSTRACT_SOCKET'))],
        'raw-socket' => ['open a raw socket', 'root', fn() => native(fn($c) => $c->socket(2, 3, 1))],
        'netlink' => ["ask the kernel's routing table by a netlink socket", 'user', fn() => native(fn($c) => $c->socket(16, 3, 0))],
        'sysv-memory' => ['make a System V shared memory segment', 'user', fn() => sharesMemory()],
        'inotify' => ['watch files by inotify', 'user', fn() => native(fn($c) => $c->inotify_init())],
        'memfd' => ['make a program that is no file, by memfd_create()', 'user', fn() => native(fn($c) => $c->memfd_create('x', 0))],

        // Amounts
        'tmp-fill' => ['write ' . path('LAB_TMP_FILL') . ' MiB to /tmp', 'user', fn() => fills("$tmp/lab-fill", (int) path('LAB_TMP_FILL'))],
    ];
}
