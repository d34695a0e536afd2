<?php
// Prints so many mebibytes.
header('Content-Type: application/octet-stream');
for ($i = 0; $i < (int) $_GET['mib']; $i++) {
    echo str_repeat(chr($i % 256), 1 << 20);
}
