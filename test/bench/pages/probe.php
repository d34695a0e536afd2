<?php
// What the benchmark checks before it measures: the same PHP, with OPcache on, on both sides.
$cache = function_exists('opcache_get_status') ? opcache_get_status(false) : false;
header('Content-Type: application/json');
echo json_encode([
    'sapi' => PHP_SAPI,
    'version' => PHP_VERSION,
    'opcache' => $cache !== false && $cache['opcache_enabled'],
]);
