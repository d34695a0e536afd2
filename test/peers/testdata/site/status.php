<?php
http_response_code(418);
header('X-Two: a');
header('X-Two: b', false);
error_log('a complaint');
echo 'teapot';
