<?php
header('X-Many: ' . count($_SERVER));
header('X-Many: again', false);
setcookie('a', 'b');
http_response_code(201);
ksort($_SERVER);
foreach ($_SERVER as $name => $value) {
    if ($name !== 'REQUEST_TIME' && $name !== 'REQUEST_TIME_FLOAT' && is_string($value)) {
        echo "$name=$value\n";
    }
}
echo json_encode([$_GET, $_POST, $_COOKIE]), "\n", file_get_contents('php://input');
