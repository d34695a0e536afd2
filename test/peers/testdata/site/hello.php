<?php
header('X-Method: ' . $_SERVER['REQUEST_METHOD']);
echo 'hello ', $_GET['n'] ?? '';
