<?php
// Answers after so many milliseconds.
usleep(1000 * (int) $_GET['ms']);
echo 'slept';
