<?php
// Until the client is gone, or long after any test.
for ($i = 0; $i < 200; $i++) {
    echo str_repeat('x', 65536);
    flush();
    usleep(10000);
}
