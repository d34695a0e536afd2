<?php
// What a hacked site would try, from inside its jail. Each attempt returns null if it worked, else why it did not.

$neighbour = '@NEIGHBOUR@';
$port = (int) '@PORT@';

function last(): string
{
    $e = error_get_last();
    return $e ? preg_replace('/^.*?: /', '', $e['message']) : 'denied';
}
$read = fn(string $path) => fn() => @file_get_contents($path) === false ? last() : null;
$write = fn(string $path) => fn() => @fopen($path, 'r+b') === false ? last() : null;
$run = fn(callable $f) => fn() => @$f() ? null : last();

$attempts = [
    ['read-neighbour', 'read a file of the neighbour', $read($neighbour)],
    ['read-shadow', 'read /etc/shadow', $read('/etc/shadow')],
    ['proc-others', 'see other processes', fn() => count(preg_grep('/^\d+$/', @scandir('/proc') ?: [])) > 1 ? null : 'none is visible'],
    ['self-mem', 'write its own code through /proc/self/mem', $write('/proc/self/mem')],
    ['self-script', 'change its own script', $write(__FILE__)],
    ['write-usr', 'create a file in /usr', fn() => @file_put_contents('/usr/jpm-demo', 'x') === false ? last() : null],
    ['tcp-connect', 'connect to a server on the host', fn() => @fsockopen('127.0.0.1', $port, $n, $text, 1) ? null : ($text ?: last())],
    ['mail', 'send mail', $run(fn() => mail('a@example.org', 'demo', 'demo'))],
    ['exec-id', 'run id', $run(fn() => exec('id', $out, $code) !== false && $code === 0)],
    ['proc-open', 'start a process', $run(fn() => is_resource(proc_open(['/usr/bin/id'], [], $pipes)))],
    ['chown', 'give a file away', $run(fn() => chown('/tmp', 'root'))],
    ['user-ini', 'leave a .user.ini behind', fn() => @file_put_contents(__DIR__ . '/.user.ini', 'x=1') === false ? last() : null],
];

$results = [];
foreach ($attempts as [$probe, $title, $try]) {
    error_clear_last();
    $error = $try();
    $results[] = ['probe' => $probe, 'title' => $title, 'allowed' => $error === null, 'error' => (string) $error];
}

if (($_GET['format'] ?? '') === 'json') {
    header('Content-Type: application/json');
    echo json_encode($results, JSON_INVALID_UTF8_SUBSTITUTE), "\n";
    return;
}
header('Content-Type: text/html; charset=utf-8');
$h = fn(string $s) => htmlspecialchars($s, ENT_QUOTES | ENT_SUBSTITUTE);
?>
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>jpm demo</title><style>
:root{color-scheme:light dark} body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%} td,th{padding:.3rem .6rem;text-align:left;border-bottom:1px solid #8884}
.no{color:#2a8a3a} .yes{color:#c33;font-weight:bold}
</style></head><body><h1>What a hacked site would try</h1>
<p>This page is an ordinary PHP script in a jail of jpm. It has just tried all of this for real.</p>
<table><tr><th>attempt</th><th>outcome</th></tr>
<?php foreach ($results as $r): ?>
<tr><td><?= $h($r['title']) ?></td><td><?= $r['allowed'] ? '<span class="yes">allowed</span>' : '<span class="no">denied: ' . $h($r['error']) . '</span>' ?></td></tr>
<?php endforeach ?>
</table>
<p><a href="/?format=json">the same as JSON</a></p>
</body></html>
