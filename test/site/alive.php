<?php
// Writes on until nobody listens, then says so on standard error.
ignore_user_abort(true);
for ($i = 0; $i < 200; $i++) {
    echo str_repeat('x', 1 << 16);
    flush();
    if (connection_aborted()) {
        error_log('the client left');
        exit;
    }
    usleep(20000);
}
error_log('nobody left');
