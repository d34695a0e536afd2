<?php
// What the probes do. Each function makes one attempt, cleans up, and returns null if it worked, else the error.

require_once __DIR__ . '/errno.php';

// reads: any byte of the file.
function reads(string $file): ?string
{
    $text = @file_get_contents($file, false, null, 0, 4096);
    return result($text !== false);
}

function lists(string $directory): ?string
{
    return result(@scandir($directory) !== false);
}

// listsSites: the neighbour is among what lies beside it.
function listsSites(string $neighbour): ?string
{
    $names = @scandir(dirname($neighbour));
    if ($names === false || in_array(basename($neighbour), $names)) {
        return result($names !== false);
    }
    return 'only ' . implode(', ', array_diff($names, ['.', '..']));
}

function opens(string $file, string $mode): ?string
{
    $f = @fopen($file, $mode);
    if ($f) {
        fclose($f);
    }
    return result($f !== false);
}

// writes: a new file, which it removes again.
function writes(string $file): ?string
{
    $written = @file_put_contents($file, "; a probe\n");
    $error = result($written !== false);
    if ($written !== false) {
        unlink($file);
    }
    return $error;
}

// rewrites: the value that is there.
function rewrites(string $file): ?string
{
    $value = @file_get_contents($file);
    return result($value !== false && @file_put_contents($file, $value) !== false);
}

function symlinks(string $target, string $link): ?string
{
    @unlink($link);
    if (!@symlink($target, $link)) {
        return result(false);
    }
    $error = reads($link);
    unlink($link);
    return $error;
}

// withUpload: $try gets the path of an empty file in the uploads.
function withUpload(callable $try): ?string
{
    $file = path('LAB_UPLOADS') . '/probe';
    if (@file_put_contents($file, '') === false) {
        return 'cannot even write an upload: ' . result(false);
    }
    $error = $try($file);
    unlink($file);
    return $error;
}

function makesNode(string $file, int $mode, int $major = 0, int $minor = 0): ?string
{
    @unlink($file);
    $made = $major ? @posix_mknod($file, $mode, $major, $minor) : @posix_mknod($file, $mode);
    $error = posix($made);
    if ($made) {
        unlink($file);
    }
    return $error;
}

// executesUpload: the upload is no program, so the kernel answers ENOEXEC when it would have run it.
function executesUpload(): ?string
{
    return withUpload(function (string $file) {
        file_put_contents($file, "neither ELF nor #!\n");
        chmod($file, 0755);
        return execve($file, []);
    });
}

// callsExecve: the argument is too long, so the kernel answers E2BIG when it would have run the program.
function callsExecve(): ?string
{
    return execve('/bin/true', [str_repeat('x', 1 << 18)]);
}

function execve(string $file, array $args): ?string
{
    @pcntl_exec($file, $args, []);
    $errno = pcntl_get_last_error();
    return in_array($errno, [PCNTL_E2BIG, PCNTL_ENOEXEC]) ? null : describe($errno);
}

// runs: $run gives what id printed.
function runs(callable $run): ?string
{
    return result(str_contains((string) $run(), 'uid='));
}

function systems(): string|false
{
    ob_start();
    $last = @system('id');
    ob_end_clean();
    return $last;
}

function popens(): string
{
    $pipe = @popen('id', 'r');
    if (!$pipe) {
        return '';
    }
    $out = stream_get_contents($pipe);
    pclose($pipe);
    return $out;
}

function procOpens(): string
{
    $process = @proc_open(['id'], [1 => ['pipe', 'w']], $pipes);
    if (!$process) {
        return '';
    }
    $out = stream_get_contents($pipes[1]);
    proc_close($process);
    return $out;
}

function forks(): ?string
{
    $pid = @pcntl_fork();
    if ($pid === 0) {
        posix_kill(posix_getpid(), SIGKILL); // the child shares the request's connection, so it must not end in PHP's way
    }
    if ($pid > 0) {
        pcntl_waitpid($pid, $status);
        return null;
    }
    return describe(pcntl_get_last_error());
}

// seesProcesses: the command line of any process but this one.
function seesProcesses(): ?string
{
    foreach (@scandir('/proc') ?: [] as $pid) {
        if (ctype_digit($pid) && (int) $pid !== getmypid() && @file_get_contents("/proc/$pid/cmdline")) {
            return null;
        }
    }
    return 'only its own in /proc';
}

// changesLimit: to what it is.
function changesLimit(): ?string
{
    $limits = posix_getrlimit();
    $number = fn($v) => $v === 'unlimited' ? POSIX_RLIMIT_INFINITY : (int) $v;
    return posix(@posix_setrlimit(POSIX_RLIMIT_NOFILE, $number($limits['soft openfiles']), $number($limits['hard openfiles'])));
}

function connects(string $address): ?string
{
    $s = @stream_socket_client($address, $errno, $message, 2);
    if ($s) {
        fclose($s);
        return null;
    }
    return $errno ? describe($errno) : ($message ?: result(false));
}

// sendsQuery: as a resolver would. It worked when the kernel took the packet.
function sendsQuery(): ?string
{
    $s = @socket_create(AF_INET, SOCK_DGRAM, SOL_UDP);
    if (!$s) {
        return describe(socket_last_error());
    }
    $query = "\1\1\1\0\0\1\0\0\0\0\0\0\7example\3org\0\0\1\0\1";
    $sent = @socket_sendto($s, $query, strlen($query), 0, '127.0.0.1', 53);
    $error = $sent === false ? describe(socket_last_error($s)) : null;
    socket_close($s);
    return $error;
}

function sharesMemory(): ?string
{
    $shm = @shmop_open(ftok(__FILE__, 'l'), 'c', 0600, 4096);
    if ($shm) {
        shmop_delete($shm);
    }
    return result((bool) $shm);
}

function fills(string $file, int $mebibytes): ?string
{
    $f = @fopen($file, 'w');
    if (!$f) {
        return result(false);
    }
    $error = null;
    for ($i = 0; $i < $mebibytes && $error === null; $i++) {
        if (@fwrite($f, str_repeat("\0", 1 << 20)) !== 1 << 20) {
            $error = (result(false) ?? 'ENOSPC') . ", after $i MiB";
        }
    }
    fclose($f);
    unlink($file);
    return $error;
}
