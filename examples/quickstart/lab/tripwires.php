<?php
// System calls no honest site makes: the jail takes them for a break-in and kills the worker.

require_once __DIR__ . '/errno.php';
require_once __DIR__ . '/native.php';

// tripwires are harmless calls by name: their numbers on amd64 and arm64, and arguments with which they fail or change nothing.
function tripwires(): array
{
    return [
        'ptrace'     => [101, 117, [16, 999999999, 0, 0]],         // PTRACE_ATTACH to nobody
        'unshare'    => [272, 97, [0]],
        'mount'      => [165, 40, [null, null, null, 0, null]],
        'chroot'     => [161, 51, ['/nowhere']],
        'setns'      => [308, 268, [-1, 0]],
        'bpf'        => [321, 280, [-1, null, 0]],
        'io_uring'   => [425, 425, [0, null]],
        'keyctl'     => [250, 219, [0, -3, 0]],                    // KEYCTL_GET_KEYRING_ID, do not create
        'userfaultfd' => [323, 282, [-1]],
        'perf'       => [298, 241, [null, 0, -1, -1, 0]],
        'splice'     => [275, 76, [-1, null, -1, null, 0, 0]],
        'hostname'   => [170, 161, [null, 1]],
        'clock'      => [227, 112, [0, null]],
    ];
}

// trip makes the call. What it prints is seen only where nothing kills the worker.
function trip(string $name): void
{
    header('Content-Type: text/plain');
    if (!isset(tripwires()[$name])) {
        http_response_code(404);
        echo "no tripwire of that name\n";
        return;
    }
    [$amd64, $arm64, $args] = tripwires()[$name];
    $error = native(fn($c) => $c->syscall(php_uname('m') === 'aarch64' ? $arm64 : $amd64, ...$args), false);
    echo "$name: still alive, the kernel said ", $error ?? 'yes', "\n";
}
