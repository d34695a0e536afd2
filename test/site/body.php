<?php
// Prints the size and the hash of the request's body.
$in = fopen('php://input', 'rb');
$hash = hash_init('sha256');
for ($size = 0; ($piece = fread($in, 1 << 16)) !== false && $piece !== ''; $size += strlen($piece)) {
    hash_update($hash, $piece);
}
echo $size, ' ', hash_final($hash);
