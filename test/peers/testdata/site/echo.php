<?php
$hash = hash_init('sha256');
$size = 0;
for ($in = fopen('php://input', 'r'); ($s = fread($in, 65536)) !== false && $s !== '';) {
    hash_update($hash, $s);
    $size += strlen($s);
}
echo $size, ' ', hash_final($hash);
