<?php
// Waits a second for something else, as for a slow database.
usleep(1000000);
echo "at last\n";
