<?php
// More probes in the lab's manner, for test/probes: it copies this file beside the lab's.
//
//   /more.php              a list of {probe, allowed, error}

require_once __DIR__ . '/paths.php';
require_once __DIR__ . '/native.php';
require_once __DIR__ . '/attempts.php';

// told is null if $yes, else says that nothing was found.
function told(bool $yes): ?string
{
    return $yes ? null : 'nothing there';
}

function more(): array
{
    $neighbour = path('LAB_NEIGHBOUR_FILE');
    $env = fn(string $name) => (string) getenv($name);

    return [
        'self-root' => fn() => reads('/proc/self/root' . $neighbour),
        'self-cwd' => fn() => reads('/proc/self/cwd' . str_repeat('/..', 20) . $neighbour),
        'hard-link' => function () use ($env) {
            $link = path('LAB_UPLOADS') . '/hard';
            $made = @link($env('JPM_OPEN'), $link);
            $error = result($made);
            if ($made) {
                unlink($link);
            }
            return $error;
        },
        'include-neighbour' => function () use ($neighbour) {
            ob_start();
            $done = @include $neighbour;
            ob_end_clean();
            return result($done !== false);
        },
        'tmp-of-host' => fn() => reads($env('JPM_TMPFILE')),
        'other-homes' => fn() => lists('/home'),
        'var-log' => fn() => lists('/var/log'),
        'run' => fn() => told(file_exists($env('JPM_RUN'))),
        'cron' => fn() => lists('/etc/cron.d'),
        'php-extension' => fn() => writes(ini_get('extension_dir') . '/probe.so'),
        'php-ini' => fn() => writes('/etc/php/8.2/mods-available/probe.ini'),
        'user-crontab' => fn() => lists('/var/spool/cron'),
        'users' => fn() => told(str_contains((string) @file_get_contents('/etc/passwd'), 'www-data:')),
        'machine-id' => fn() => reads('/etc/machine-id'),
        'boot-id' => fn() => reads('/proc/sys/kernel/random/boot_id'),
        'cpu-info' => fn() => reads('/proc/cpuinfo'),
        'hostname' => fn() => told(gethostname() === $env('JPM_HOSTNAME')),
        'sibling-environ' => fn() => reads('/proc/' . $env('JPM_SIBLING') . '/environ'),
        'sibling-memory' => fn() => opens('/proc/' . $env('JPM_SIBLING') . '/mem', 'r+'),
        'sibling-signal' => fn() => posix(@posix_kill((int) $env('JPM_SIBLING'), 0)),
        'neighbour-queue' => fn() => result(msg_queue_exists((int) $env('JPM_KEY'))),
        'opcache-of-others' => function () {
            $status = @opcache_get_status(true);
            foreach ($status['scripts'] ?? [] as $file => $_) {
                if (!str_starts_with($file, __DIR__)) {
                    return null;
                }
            }
            return 'nothing there';
        },
        'preload-library' => function () {
            putenv('LD_PRELOAD=' . path('LAB_UPLOADS') . '/evil.so');
            $sent = @mail('victim@example.org', 'x', 'x');
            putenv('LD_PRELOAD');
            return result($sent);
        },
        'shell-by-proc-open' => function () {
            $p = @proc_open('echo uid=', [1 => ['pipe', 'w']], $pipes);
            if (!$p) {
                return result(false);
            }
            $out = stream_get_contents($pipes[1]);
            proc_close($p);
            return told(str_contains($out, 'uid='));
        },
    ];
}

$results = [];
foreach (more() as $id => $try) {
    error_clear_last();
    errno();
    try {
        $error = $try();
    } catch (Throwable $e) {
        $error = $e->getMessage();
    }
    $results[] = ['probe' => $id, 'allowed' => $error === null, 'error' => $error ?? ''];
}
header('Content-Type: application/json');
echo json_encode($results, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE), "\n";
