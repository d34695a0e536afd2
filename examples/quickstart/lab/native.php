<?php
// System calls PHP has no function for, by its foreign function interface.

function libc(): FFI
{
    static $libc;
    return $libc ??= FFI::cdef('
        int socket(int domain, int type, int protocol);
        int inotify_init(void);
        int memfd_create(const char *name, unsigned int flags);
        int close(int fd);
        long syscall(long number, ...);
        int *__errno_location(void);
    ', 'libc.so.6');
}

// errno is the C library's, and 0 from then on.
function errno(): int
{
    $at = libc()->__errno_location();
    $errno = $at[0];
    $at[0] = 0;
    return $errno;
}

// native is null if $call does not return -1, else its errno. $descriptor says that it returns one, to be closed.
function native(callable $call, bool $descriptor = true): ?string
{
    $c = libc();
    $got = $call($c);
    if ($got === -1) {
        return describe(errno());
    }
    if ($descriptor) {
        $c->close($got);
    }
    return null;
}
