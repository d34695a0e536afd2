<?php
// Sends half an answer, then takes its time.
echo str_repeat('x', 1 << 17);
flush();
sleep(60);
echo 'the end';
