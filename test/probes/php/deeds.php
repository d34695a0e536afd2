<?php
// What a client or an observer asks of a site, for test/probes. ?do=NAME

switch ($_GET['do'] ?? '') {
    case 'setting':
        echo ini_get('user_agent');
        break;
    case 'proxy':
        echo $_SERVER['HTTP_PROXY'] ?? '', getenv('HTTP_PROXY');
        break;
    case 'order':
        header('X-Accel-Redirect: /internal/secret');
        break;
    case 'leave':
        // A process that goes on when the request is over, and a file in /tmp.
        @file_put_contents('/tmp/' . basename($_GET['file']), "left behind\n");
        @exec('sleep ' . (float) $_GET['seconds'] . ' >/dev/null 2>&1 &');
        break;
    case 'native':
        // The native program, as a hacked site would start one where it may.
        $p = proc_open([getenv('JPM_PROGRAM'), 'try', $_GET['name']], [1 => ['pipe', 'w'], 2 => ['file', '/dev/null', 'w']], $pipes, '/', getenv());
        $out = stream_get_contents($pipes[1]);
        echo proc_close($p) === 0 ? $out : 'KILL';
        break;
    case 'pid':
        echo getmypid();
        break;
}
