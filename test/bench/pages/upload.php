<?php
// Takes a file from a form and says how large it is. A file that has not come whole is an error.
$file = $_FILES['file'] ?? null;
if ($file === null || $file['error'] !== UPLOAD_ERR_OK || !is_uploaded_file($file['tmp_name'])) {
    http_response_code(400);
    exit("no file\n");
}
echo filesize($file['tmp_name']), "\n";
