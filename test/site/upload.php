<?php
// Takes a form's file.
$file = $_FILES['file'];
echo $file['size'], ' ', hash_file('sha256', $file['tmp_name']);
