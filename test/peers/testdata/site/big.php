<?php
$block = str_repeat('0123456789abcdef', 4096);
for ($i = (int) $_GET['mib'] * 16; $i > 0; $i--) {
    echo $block;
}
