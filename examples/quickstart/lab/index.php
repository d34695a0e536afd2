<?php
// The lab: tries things a hacked site would try, for real, and reports what the jail let through.
//
//   /                 a page for people
//   /?format=json     a list of {probe, title, allowed, error, unjailed}
//   /?trip=NAME       makes a system call that kills the worker: the answer is 502 and jpm logs an incident
//
// allowed  true when the attempt worked.
// error    why it did not, beginning with the errno's name where there is one.
// unjailed who succeeds with the same attempt on the same machine without a jail: "user" (this very user) or "root".

require_once __DIR__ . '/paths.php';
require_once __DIR__ . '/native.php';
require_once __DIR__ . '/probes.php';
require_once __DIR__ . '/tripwires.php';

if (isset($_GET['trip'])) {
    trip($_GET['trip']);
    exit;
}

$results = [];
foreach (probes() as $id => [$title, $unjailed, $try]) {
    error_clear_last();
    errno();
    try {
        $error = $try();
    } catch (Throwable $e) {
        $error = $e->getMessage();
    }
    $results[] = [
        'probe'    => $id,
        'title'    => $title,
        'allowed'  => $error === null,
        'error'    => $error ?? '',
        'unjailed' => $unjailed,
    ];
}

header('Cache-Control: no-store');
if (($_GET['format'] ?? '') === 'json') {
    header('Content-Type: application/json');
    echo json_encode($results, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE), "\n";
} else {
    require __DIR__ . '/page.php';
}
