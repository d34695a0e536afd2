<?php
// What the probes aim at. The defaults fit the quickstart; the pool's environment changes them.

function path(string $name): string
{
    $defaults = [
        'LAB_NEIGHBOUR_DIR'    => '/var/lib/jpm-quickstart/wiki',
        'LAB_NEIGHBOUR_FILE'   => '/var/lib/jpm-quickstart/wiki/conf/local.php',
        'LAB_NEIGHBOUR_SOCKET' => '/run/jpm-quickstart/wiki.sock',
        'LAB_CONFIG'           => '/run/jpm-quickstart/jpm.hcl',
        'LAB_ABSTRACT_SOCKET'  => 'jpm-quickstart',  // a listening socket in the abstract namespace
        'LAB_TCP_PORT'         => '9253',            // a listening port of the machine's loopback
        'LAB_UPLOADS'          => __DIR__ . '/uploads',
        'LAB_TMP'              => '/tmp',
        'LAB_TMP_FILL'         => '64',              // MiB to write there: more than the pool's limits.tmp
    ];
    $value = getenv($name);
    return $value === false || $value === '' ? $defaults[$name] : $value;
}
