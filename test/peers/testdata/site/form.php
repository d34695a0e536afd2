<?php
$file = $_FILES['file'] ?? ['error' => -1];
echo $file['error'] === 0 ? $file['size'] . ' ' . hash_file('sha256', $file['tmp_name']) . ' ' . $_POST['title'] : "error $file[error]";
