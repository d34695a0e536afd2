<?php
// Writes on until nobody listens, then leaves a note for left.php.
ignore_user_abort(true);
for ($i = 0; $i < 2000 && !connection_aborted(); $i++) {
    echo str_repeat('x', 1 << 16);
    flush();
    usleep(20000);
}
file_put_contents('/tmp/note', connection_aborted() ? 'the client left' : 'nobody left');
