<?php
// 1 MiB in pieces of 8 KiB.
header('Content-Type: application/octet-stream');
$piece = str_repeat('0123456789abcdef', 512);
for ($i = 0; $i < 128; $i++) {
    echo $piece;
}
