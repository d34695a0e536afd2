<?php
// How an attempt's failure is told: "ENOENT: No such file or directory".

// describe names an errno.
function describe(int $errno): string
{
    // PHP knows most names as constants of its sockets extension.
    static $names = [3 => 'ESRCH', 8 => 'ENOEXEC', 10 => 'ECHILD', 26 => 'ETXTBSY', 27 => 'EFBIG'];
    foreach (get_defined_constants(true)['sockets'] as $name => $number) {
        if (str_starts_with($name, 'SOCKET_E')) {
            $names[$number] ??= substr($name, strlen('SOCKET_'));
        }
    }
    $name = $names[$errno] ?? "errno $errno";
    return "$name: " . posix_strerror($errno);
}

// result is null for $ok, else PHP's last warning, by its errno if it tells one.
function result(bool $ok): ?string
{
    if ($ok) {
        return null;
    }
    $errno = errno(); // before anything else changes it
    $message = error_get_last()['message'] ?? '';
    if (preg_match('/errno=(\d+)/', $message, $m)) {
        return describe((int) $m[1]);
    }
    foreach (range(1, 133) as $number) {
        if (str_contains($message, posix_strerror($number))) {
            return describe($number);
        }
    }
    // PHP does not tell, but the C library may know. (Its popen says ENOMEM whatever the kernel said.)
    $message = $message !== '' ? $message : 'refused without a message';
    return $errno ? describe($errno) . "; $message" : $message;
}

// posix is null for $ok, else the errno of the last posix_ call.
function posix(bool $ok): ?string
{
    return $ok ? null : describe(posix_get_last_error());
}
